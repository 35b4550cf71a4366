// Answers over HTTP in a process of its own, so that only the client's CPU time is measured.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './memory-fetch.ts';

process.once('message', (answers: Record<string, Answer>) => {
  const server = createServer((request, response) => {
    const { body, chunks, headers } = answers[request.url!.slice(1)]!;
    let prompt = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => (prompt += text));
    request.on('end', () => {
      if (prompt.includes('"stream":true')) {
        response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
        for (const chunk of chunks) response.write(chunk);
        response.end();
      } else {
        response.writeHead(200, { ...headers, 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      }
    });
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
});

// The parent process is gone.
process.once('disconnect', () => process.exit());
