import { keyOf } from '../key.ts';
import { readPage } from '../read-page.ts';
import type { LimitsQuestion, PoolLimits, StatedLimit } from './pool-limits.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** No account has this many pages; a server that never ends must not block the command. */
const MAX_PAGES = 200;

/** Limits by an admin key; undefined without one, or if the provider has no such endpoint. */
export async function byAdmin(question: LimitsQuestion, env: Environment): Promise<PoolLimits[] | undefined> {
  const { provider } = question;
  if (provider !== 'openai' && provider !== 'anthropic') return undefined;
  const key = keyOf(`${provider.toUpperCase()}_ADMIN_KEY`, env);
  if (key === undefined) return undefined;
  return provider === 'openai' ? ofOpenAI(question, key, env) : ofAnthropic(question, key, env);
}

interface OpenAIPage<T> {
  readonly data: readonly T[];
  readonly has_more?: boolean;
  readonly last_id?: string | null;
}

/** As `ProjectRateLimit` of the SDK. */
interface ProjectRateLimit {
  readonly model: string;
  readonly [limit: string]: unknown;
}

const OPENAI_LIMITS: Readonly<Record<string, string>> = {
  max_requests_per_1_minute: 'requests',
  max_tokens_per_1_minute: 'tokens',
  max_requests_per_1_day: 'requests_day',
};

async function ofOpenAI(
  { model, project, baseURL }: LimitsQuestion,
  key: string,
  env: Environment,
): Promise<PoolLimits[]> {
  const base = (baseURL ?? (env['OPENAI_BASE_URL'] || 'https://api.openai.com/v1')).replace(/\/+$/, '');
  const list = async <T>(path: string): Promise<T[]> => {
    const all: T[] = [];
    let after = '';
    for (let page = 0; page < MAX_PAGES; page++) {
      const { data, has_more, last_id } = await ask<OpenAIPage<T>>(base, `${path}?limit=100${after}`, {
        authorization: `Bearer ${key}`,
      });
      all.push(...data);
      if (has_more !== true || !last_id) return all;
      after = `&after=${encodeURIComponent(last_id)}`;
    }
    return all;
  };
  const projects =
    project === undefined
      ? (await list<{ id: string; name?: string }>('/organization/projects')).map(({ id, name }) => ({
          id,
          name: name ?? id,
        }))
      : [{ id: project, name: project }];
  const pools: PoolLimits[] = [];
  for (const { id, name } of projects) {
    for (const row of await list<ProjectRateLimit>(`/organization/projects/${encodeURIComponent(id)}/rate_limits`)) {
      if (model !== undefined && row.model !== model) continue;
      const limits = Object.entries(row).flatMap(([key, value]): StatedLimit[] =>
        (key.startsWith('max_') || key.startsWith('batch_')) && typeof value === 'number'
          ? [{ name: key, dimension: OPENAI_LIMITS[key] ?? key, limit: value }]
          : [],
      );
      pools.push({ name: `openai/${name}`, models: [row.model], limits });
    }
  }
  return pools;
}

/** As `BetaOrganizationRateLimit` of the SDK. */
interface OrganizationRateLimit {
  readonly group: { readonly type: string; readonly display_name?: string };
  readonly limits: readonly { readonly type: string; readonly value: number }[];
  readonly models: readonly string[] | null;
}

const ANTHROPIC_LIMITS: Readonly<Record<string, string>> = {
  requests_per_minute: 'requests',
  input_tokens_per_minute: 'input_tokens',
  input_tokens_per_minute_cache_aware: 'input_tokens',
  output_tokens_per_minute: 'output_tokens',
  tokens_per_minute: 'tokens',
  tokens_per_day: 'tokens_day',
};

async function ofAnthropic({ model, baseURL }: LimitsQuestion, key: string, env: Environment): Promise<PoolLimits[]> {
  const base = (baseURL ?? (env['ANTHROPIC_BASE_URL'] || 'https://api.anthropic.com'))
    .replace(/\/+$/, '')
    .replace(/\/v1$/, '');
  const rows: OrganizationRateLimit[] = [];
  let next = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { data, next_page } = await ask<{ data: OrganizationRateLimit[]; next_page?: string | null }>(
      base,
      `/v1/organizations/rate_limits${next}`,
      { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    );
    rows.push(...data);
    if (!next_page) break;
    next = `?page=${encodeURIComponent(next_page)}${model === undefined ? '' : `&model=${encodeURIComponent(model)}`}`;
  }
  return rows.map(({ group, limits, models }) => ({
    name: `anthropic/${group.display_name ?? group.type}`,
    models: models ?? [],
    limits: limits.map(({ type, value }) => ({
      name: type,
      // Separate limits of batches, files and the like, which `pacing` does not cover.
      dimension: group.type === 'model_group' ? (ANTHROPIC_LIMITS[type] ?? type) : type,
      limit: value,
    })),
  }));
}

async function ask<T>(base: string, path: string, headers: Record<string, string>): Promise<T> {
  const response = await fetch(base + path, { headers });
  const text = await readPage(response);
  if (response.ok) return JSON.parse(text) as T;
  const refused = response.status === 401 || response.status === 403;
  const why = refused ? ': is this an admin key?' : '.';
  throw new Error(`The provider answered ${response.status} to ${path.split('?')[0]}${why}`);
}
