/** Which names of the GenAI conventions are emitted. */
export type Semconv = 'compat' | 'latest' | 'dup';

/** Value of OTEL_SEMCONV_STABILITY_OPT_IN that asks for the newest GenAI conventions. */
const OPT_IN = 'gen_ai_latest_experimental';

/** What the option says, else what the environment says, else `compat`. */
export function resolveSemconv(option: Semconv | undefined, env: NodeJS.ProcessEnv = process.env): Semconv {
  if (option !== undefined) return option;
  const optedIn = (env['OTEL_SEMCONV_STABILITY_OPT_IN'] ?? '').split(',').map((each) => each.trim());
  return optedIn.includes(OPT_IN) ? 'latest' : 'compat';
}
