import { adapterFor } from '../../providers/registry.ts';
import { readPage } from '../read-page.ts';
import { providerName, type Target, targetOf, urlOf } from '../batch/target.ts';
import { type LimitsQuestion, NoKey, type PoolLimits, type StatedLimit } from './pool-limits.ts';

/** Small and cheap models. */
const DEFAULT_MODELS = {
  openai: 'gpt-4o-mini',
  azure: undefined,
  anthropic: 'claude-haiku-4-5',
  groq: 'llama-3.1-8b-instant',
};

/** Limits by the headers of one small call. @throws NoKey; Error if the call fails without such headers. */
export async function byCall(
  { provider, model = DEFAULT_MODELS[provider], baseURL }: LimitsQuestion,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PoolLimits[]> {
  if (model === undefined) throw new NoKey('Azure needs --model, with the name of a deployment.');
  let target: Target;
  try {
    target = targetOf(provider, baseURL, env);
  } catch (error) {
    throw new NoKey((error as Error).message);
  }
  const messages = [{ role: 'user', content: 'Hi' }];
  const anthropic = provider === 'anthropic';
  const body = anthropic
    ? { model, max_tokens: 1, messages }
    : { model, [provider === 'groq' ? 'max_tokens' : 'max_completion_tokens']: 1, messages };
  const response = await fetch(urlOf(target, anthropic ? '/v1/messages' : '/v1/chat/completions'), {
    method: 'POST',
    headers: target.headers,
    body: JSON.stringify(body),
  });
  await readPage(response);
  const readings = adapterFor(providerName(provider)).readLimits(response.headers, Date.now());
  if (readings.length === 0 && !response.ok) {
    throw new Error(`The provider answered ${response.status} to a call of ${model}, and stated no limit.`);
  }
  const limits = readings.map(({ dimension, limit, remaining, resetMs }): StatedLimit => ({
    name: headerOf(response.headers, dimension, limit) ?? dimension.replaceAll('_', ' '),
    dimension,
    limit,
    ...(remaining !== undefined && { remaining }),
    ...(resetMs !== undefined && { resetMs }),
  }));
  return limits.length === 0 ? [] : [{ name: `${provider}/${model}`, models: [], limits }];
}

/** The header of a limit; of several matches, the shortest name. */
function headerOf(headers: Headers, dimension: string, limit: number): string | undefined {
  const unit = dimension.replace(/_day$/, '').replaceAll('_', '-');
  return [...headers]
    .filter(([name, value]) => /ratelimit.*limit/.test(name) && name.includes(unit) && Number(value) === limit)
    .map(([name]) => name)
    .sort((a, b) => a.length - b.length)[0];
}
