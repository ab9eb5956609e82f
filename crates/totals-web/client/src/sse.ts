/**
 * Server-Sent Events out of a `fetch` (WHATWG HTML, "Server-sent events"). `EventSource` is not in every Node.js, and does not
 * tell a 503 from a 400 anywhere.
 */

/** One event. */
export interface ServerEvent {
  type: string;
  id: string;
  data: string;
}

/** What comes in a stream: events, how long to wait before the next connection, and signs of life. */
export type Received = { event: ServerEvent } | { retry: number } | { alive: true };

/** Reads a stream to its end. */
export async function* receive(body: ReadableStream<Uint8Array>): AsyncGenerator<Received> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let afterCr = false;
  let event: ServerEvent = { type: "", id: "", data: "" };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      yield { alive: true };
      const text = decoder.decode(value, { stream: true });
      const lines = (rest + (afterCr ? text.replace(/^\n/, "") : text)).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? "";
      // The CR has ended a line already, if it is the first half of a CR LF.
      afterCr = text === "" ? afterCr : text.endsWith("\r");
      for (const line of lines) {
        if (line === "") {
          if (event.data !== "") {
            yield { event: { ...event, data: event.data.slice(0, -1) } };
          }
          event = { type: "", id: event.id, data: "" };
          continue;
        }
        const [, name, content] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
        const field = content ?? "";
        if (name === "data") {
          event.data += `${field}\n`;
        } else if (name === "event") {
          event.type = field;
        } else if (name === "id") {
          event.id = field;
        } else if (name === "retry" && /^\d+$/.test(field)) {
          yield { retry: Number(field) };
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
