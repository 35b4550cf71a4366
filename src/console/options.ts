/** Options of `guard.serveConsole`. */
export interface ServeConsoleOptions {
  /** Port, 0 for a free one. 0 … 65 535, default 9466. */
  readonly port?: number;
  /** Address to listen on. Default '127.0.0.1'; another than a loopback address needs a `token`. */
  readonly host?: string;
  /** Password for browsers and bearer token for other clients. At least 16 characters, default: none. */
  readonly token?: string;
  /** Host names that are accepted besides addresses and private names. Default none. */
  readonly allowedHosts?: readonly string[];
  /** URL of an Alertmanager whose firing alerts are shown. Default: none. */
  readonly alertmanager?: string;
}

/** A running console. */
export interface ServedConsole {
  readonly url: string;
  /** Ends connections and frees the port. A guard that is closed closes its consoles. */
  close(): Promise<void>;
}
