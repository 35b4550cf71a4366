import { request } from 'node:http';

/** Status of the answer to a GET with headers that a browser or fetch would not let a caller set. */
export function statusOf(url: string, headers: Record<string, string>, path?: string): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: path ?? pathname, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}
