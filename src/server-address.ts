interface Server {
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
}

const servers = new Map<string, Server>();

/** Address and port of a base URL, cached: a process uses only a few. */
export function serverOf(baseURL: string): Server {
  let server = servers.get(baseURL);
  if (!server) {
    const url = URL.canParse(baseURL) ? new URL(baseURL) : undefined;
    server = {
      serverAddress: url?.hostname,
      serverPort: url && Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    };
    if (servers.size < 1_000) servers.set(baseURL, server);
  }
  return server;
}
