/**
 * Begins a stream that goes on after the event `lastEventId` with an event of that id and no data. Without it the
 * official transport would forget where it was, should the stream break again before its first event: it would ask
 * for a new stream instead, and what the server still had to say would be lost.
 */
export function resumedStream(response: Response, lastEventId: string): Response {
  if (response.body === null) return response;
  const reminder = new TextEncoder().encode(`id: ${lastEventId}\ndata:\n\n`);
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({ start: (controller) => controller.enqueue(reminder) }),
  );
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
