export interface Answer {
  readonly body: object;
  readonly chunks: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

/** A fetch that answers at once from memory: the client is measured, not a network. */
export function memoryFetch(answer: Answer): typeof fetch {
  const text = JSON.stringify(answer.body);
  const jsonHeaders = { ...answer.headers, 'content-type': 'application/json' };
  const streamHeaders = { ...answer.headers, 'content-type': 'text/event-stream' };
  const encoder = new TextEncoder();
  const chunks = answer.chunks.map((chunk) => encoder.encode(chunk));
  return (_input, init) => {
    const streams = typeof init?.body === 'string' && init.body.includes('"stream":true');
    return Promise.resolve(
      streams ? new Response(source(chunks), { headers: streamHeaders }) : new Response(text, { headers: jsonHeaders }),
    );
  };
}

/** A byte stream, like fetch's own. It transfers the buffer of a chunk. */
function source(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let index = 0;
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const chunk = chunks[index++];
      if (chunk === undefined) controller.close();
      else controller.enqueue(new Uint8Array(chunk));
    },
  });
}
