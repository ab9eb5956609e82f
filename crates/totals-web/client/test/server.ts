/** A server that says what a test wants it to, over real HTTP. The tests against the real service are in tests/e2e/web. */

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Gives the n-th request the n-th answer, and every later one the last. */
export async function serve(test: TestContext, ...answers: Answer[]): Promise<{ url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(request);
    answer?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A stream that sends this, and then ends or stays open. */
export function stream(text: string, then: "ends" | "stays" = "stays"): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write(text);
    if (then === "ends") {
      response.end();
    }
  };
}

export function event(campaignId: string, revision: number): string {
  const data = { campaignId, totalAmount: revision * 10, totalAmountMinor: revision * 1000, revision };
  return `id: ${revision}-a\ndata: ${JSON.stringify(data)}\n\n`;
}
