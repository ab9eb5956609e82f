/**
 * What can go wrong, as types, each with what a program does about it: show that nobody knows the campaign, try again, or mend
 * the request. None of them is ever a zero.
 */

/** Why there is no answer. */
export class TotalsError extends Error {
  override readonly name: string = "TotalsError";
}

/** No event has told of the campaign yet (status 404). */
export class NotFoundError extends TotalsError {
  override readonly name = "NotFoundError";
}

/** The service cannot answer right now (a status from 500 on), or cannot be reached. Try again. */
export class UnavailableError extends TotalsError {
  override readonly name = "UnavailableError";

  constructor(
    message: string,
    /** After how many seconds, if the service has said so. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The service refuses the request, and will again: the message says what is allowed. */
export class RequestError extends TotalsError {
  override readonly name = "RequestError";

  constructor(
    message: string,
    /** The status of the answer. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** The error of an answer that is no success. */
export async function failure(answer: Response): Promise<TotalsError> {
  const body = await answer.json().catch(() => undefined) as { error?: { code?: string; message?: string } } | undefined;
  const message = body?.error?.message ?? `${answer.url} answered ${answer.status}`;
  if (body?.error?.code === "TOTALS_NOT_FOUND") {
    return new NotFoundError(message);
  }
  // A gateway in between that is out of patience, or limits requests.
  if (answer.status >= 500 || answer.status === 429) {
    const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
    return new UnavailableError(message, Number.isFinite(seconds) ? seconds : undefined);
  }
  return new RequestError(message, answer.status);
}

/** The error of a request without an answer. */
export function unreachable(cause: unknown): UnavailableError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new UnavailableError(`the service cannot be reached: ${message}`, undefined, { cause });
}
