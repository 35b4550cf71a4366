/** Options that load a module before the application. */
const PRELOAD = /^(?:-r|--require|--import|--loader|--experimental-loader)$/;
const REGISTER = /(?:^|[\\/])tidegate[\\/](?:dist[\\/])?register(?:\.c?js)?$/;

/** Whether register is the first module of a process, so that nothing can be loaded yet. */
export function loadedFirst(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions: string = process.env['NODE_OPTIONS'] ?? '',
): boolean {
  const preloads = [...preloadsOf(nodeOptions.split(/[\s"]+/)), ...preloadsOf(execArgv)];
  // Whatever the order on the command line, Node handles `--require` before `--import`.
  const required = preloads.filter(({ option }) => option === '-r' || option === '--require');
  const first = required[0] ?? preloads[0];
  return first !== undefined && REGISTER.test(first.specifier);
}

interface Preload {
  readonly option: string;
  readonly specifier: string;
}

function preloadsOf(args: readonly string[]): Preload[] {
  const found: Preload[] = [];
  for (const [index, argument] of args.entries()) {
    const [option, inline] = split(argument);
    if (PRELOAD.test(option)) found.push({ option, specifier: inline ?? args[index + 1] ?? '' });
  }
  return found;
}

function split(argument: string): [string, string?] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument] : [argument.slice(0, at), argument.slice(at + 1)];
}
