import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { View } from './page/data.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface RenderServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page that draws the committed dashboards, on loopback.
 * @param view What to show; asked for at each load. @param port 0 for a free one
 */
export async function serveDashboards(view: () => View, port = 0): Promise<RenderServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    answer(pathname, view, response).catch((error: unknown) => {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      send(response, missing ? 404 : 500, 'text/plain', String(error));
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(pathname: string, view: () => View, response: ServerResponse): Promise<void> {
  if (pathname === '/') {
    return send(response, 200, 'text/html', await readFile(join(import.meta.dirname, 'page/index.html'), 'utf8'));
  }
  if (pathname === '/view.json') return send(response, 200, 'application/json', JSON.stringify(view()));
  if (pathname === '/echarts.js') {
    const path = createRequire(import.meta.url).resolve('echarts/dist/echarts.min.js');
    return send(response, 200, 'text/javascript', await readFile(path, 'utf8'));
  }
  const dashboard = /^\/dashboards\/([\w-]+)\.json$/.exec(pathname);
  if (dashboard) {
    const path = join(ROOT, 'grafana/dashboards', `${dashboard[1]!}.json`);
    return send(response, 200, 'application/json', await readFile(path, 'utf8'));
  }
  // The page's modules are TypeScript; modules shared with other rooms are served from their own folder.
  if (/^\/(?:ops|tools)\/(?:[a-z-]+\/)*[a-z-]+\.ts$/.test(pathname)) {
    return send(response, 200, 'text/javascript', withoutTypes(await readFile(join(ROOT, pathname), 'utf8')));
  }
  return send(response, 404, 'text/plain', `Nothing at ${pathname}`);
}

/** Its first use prints a warning that it is experimental, which a user cannot act on. */
function withoutTypes(code: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(code);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
}
