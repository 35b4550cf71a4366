/** Frames of the code that awaits a request, as they stand when it is answered. */
export interface CallerStack {
  readonly stack?: string;
}

/**
 * The frames that await the function which calls this one. V8 walks the chain of awaits as it is now, so this must
 * run in the function that the SDK itself awaits, after an await of its own.
 */
export function captureCaller(): CallerStack {
  const holder = {};
  // Formatted lazily, on first read.
  Error.captureStackTrace(holder, captureCaller);
  return holder;
}

const mended = new WeakSet<object>();

/**
 * The policies between an SDK's request and its caller cut the chain of awaits, so an error made in there names
 * neither. Puts the caller's frames where the SDK alone would show them. `ours` says that the error is one of the
 * SDK's or of tidegate: others are changed only where they show our frames, since they may be older than the call.
 */
export function nameCaller(error: unknown, caller: CallerStack, ours: boolean): void {
  if (!(error instanceof Error) || mended.has(error)) return;
  try {
    const stack: unknown = error.stack;
    if (typeof stack !== 'string' || typeof caller.stack !== 'string') return;
    // A message may quote a stack.
    const at = error.message === '' ? -1 : stack.indexOf(error.message);
    const head = at === -1 ? 0 : at + error.message.length;
    const lines = stack.slice(head).split('\n');
    const kept = lines.filter((line) => !isOwnFrame(line));
    if (!ours && kept.length === lines.length) return;
    // The first frame is the function that captured.
    const callers = caller.stack
      .split('\n')
      .filter((line) => isFrame(line) && !line.includes('node:internal/process'))
      .slice(1);
    const frames = kept.filter(isFrame);
    const last = frames.at(-1);
    const known = last === undefined ? -1 : callers.indexOf(last);
    const all = [...frames, ...callers.slice(known + 1).filter((line) => !isOwnFrame(line))];
    const text = [...kept.filter((line) => !isFrame(line)), ...all.slice(0, Error.stackTraceLimit)].join('\n');
    if (
      Reflect.defineProperty(error, 'stack', {
        value: stack.slice(0, head) + text,
        configurable: true,
        enumerable: false,
        writable: true,
      })
    ) {
      mended.add(error);
    }
  } catch {
    // A hook of the application (`Error.prepareStackTrace`) or a getter of the error threw: the stack stays as it is.
  }
}

const FRAME = /^\s+at /;

function isFrame(line: string): boolean {
  return FRAME.test(line);
}

/**
 * Where tidegate's own files are. Undefined in a bundle, whose files are the application's as well: there its frames
 * stay in the stack, before the caller's.
 */
const root = findRoot();

function findRoot(): string | undefined {
  const frame = new Error('here').stack?.split('\n')[1] ?? '';
  const file = /\((?:file:\/\/)?([^()]+):\d+:\d+\)$/.exec(frame)?.[1] ?? '';
  return /^.*[/\\](?:node_modules[/\\]tidegate[/\\]|(?=providers[/\\]seam[/\\]caller-stack\.[cm]?[jt]s$))/.exec(
    file,
  )?.[0];
}

const POLICIES = /[/\\]node_modules[/\\]cockatiel[/\\]/;

function isOwnFrame(line: string): boolean {
  return isFrame(line) && (POLICIES.test(line) || (root !== undefined && line.includes(root)));
}
