/**
 * What can go wrong, as types, each with what a program does about it: show that nobody knows the campaign, try again, or mend
 * the request. None of them is ever a zero.
 */

import type { components } from "./openapi.js";

/** Why there is no answer. */
export class TotalsError extends Error {
  override readonly name: string = "TotalsError";
}

/** No event has told of the campaign yet (status 404). */
export class NotFoundError extends TotalsError {
  override readonly name = "NotFoundError";
}

/**
 * The service cannot answer right now, or cannot be reached: there is no answer, one of a status from 500 on, or one that is not the
 * service's own, such as the page of a proxy without a backend. Try again.
 */
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

type Failure = components["schemas"]["ErrorBody"];

/** The error of an answer that is no success. */
export async function failure(answer: Response): Promise<TotalsError> {
  const body = (await answer.json().catch(() => undefined)) as Partial<Failure> | null | undefined;
  const error = body?.success === false ? body.error : undefined;
  const message = error?.message ?? `${answer.url} answered ${answer.status}`;
  if (error?.code === "TOTALS_NOT_FOUND") {
    return new NotFoundError(message);
  }
  // Without the service's own error it is something in between that says so, and may say otherwise in a moment.
  if (error?.code === undefined || answer.status >= 500) {
    const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
    return new UnavailableError(message, Number.isFinite(seconds) ? seconds : undefined);
  }
  return new RequestError(message, answer.status);
}

/** The error of a success that has not what the service answers with. */
export function foreign(answer: Response): UnavailableError {
  return new UnavailableError(`${answer.url} answered ${answer.status}, but not as the service does`);
}

/** The error of a request without an answer. */
export function unreachable(cause: unknown): UnavailableError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new UnavailableError(`the service cannot be reached: ${message}`, undefined, { cause });
}
