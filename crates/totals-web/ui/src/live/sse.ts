/** The text of an event stream, taken apart (WHATWG HTML, "Server-sent events"). */

export interface StreamEvent {
  readonly type: string;
  readonly data: string;
}

/** Takes the text of a stream as it comes, in pieces that may end anywhere. */
export class StreamParser {
  #rest = "";
  #type = "";
  #data: string[] = [];

  /** The events that this piece completes. Comments, ids and `retry` are left out: nothing here needs them. */
  push(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") this.#end(events);
      else this.#field(line);
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
  }

  #end(events: StreamEvent[]): void {
    if (this.#data.length > 0) events.push({ type: this.#type || "message", data: this.#data.join("\n") });
    this.#type = "";
    this.#data = [];
  }
}
