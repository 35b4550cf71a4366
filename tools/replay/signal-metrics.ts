import { mulberry32, hash32, type Random } from '../../src/simulator/random.ts';
import { BatchMetrics } from './batch-metrics.ts';
import { boundsOf } from './bounds.ts';
import { FleetMetrics } from './fleet-metrics.ts';
import type { ProcessSpec, Standing } from './lane-metrics.ts';
import { duration, poisson } from './lane-model.ts';
import type { Labels, Registry } from './registry.ts';
import type { Signals } from './signals.ts';

const DURATION = boundsOf('tidegate.call.duration_seconds');
const FIRST_CHUNK = boundsOf('tidegate.stream.first_chunk_seconds');
const DELAY = boundsOf('tidegate.retry.delay_seconds');
/** How long a provider caches an unused prompt prefix. */
const CACHE_SECONDS = 300;

/** One call that was answered. */
export interface Answer {
  /** Seconds from its beginning to its end, and to the moment at which it was sent. */
  readonly took: number;
  readonly sentAfter: number;
  readonly at: number;
}

/** Tokens, cost, tiers and other metrics of a process's calls. */
export class SignalMetrics {
  readonly #spec: ProcessSpec;
  readonly #registry: Registry;
  // A generator of its own: the contents of calls do not influence their course.
  readonly #random: Random;
  readonly #call: Labels;
  readonly #fleet: FleetMetrics | undefined;
  readonly #batch: BatchMetrics | undefined;
  #answeredAt = -Infinity;

  constructor(spec: ProcessSpec, registry: Registry) {
    const { uses = {}, provider, model, target } = spec;
    this.#spec = spec;
    this.#registry = registry;
    this.#random = mulberry32(hash32(JSON.stringify(target), 1));
    this.#call = {
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      'gen_ai.operation.name': 'chat',
    };
    this.#fleet = uses.fleet ? new FleetMetrics(spec, registry, this.#random) : undefined;
    this.#batch = uses.batch ? new BatchMetrics(registry) : undefined;
    this.#count('tidegate.tokens', { 'tidegate.token.kind': 'input' }, 0);
    this.#count('tidegate.tokens', { 'tidegate.token.kind': 'output' }, 0);
    if (uses.prices) {
      for (const spentOn of ['answers', 'failures']) {
        this.#count('tidegate.cost', { 'tidegate.cost.spent_on': spentOn }, 0);
      }
      this.#count('tidegate.cost.unpriced_calls', {}, 0);
    }
  }

  /** Advances by a second. */
  step(signals: Signals, arrivals: number): void {
    const { provider } = this.#spec;
    const past = signals.unguarded > 0 ? poisson(this.#random, signals.unguarded) : 0;
    if (past > 0) {
      const via = { 'gen_ai.provider.name': provider, 'tidegate.unguarded.via': 'sdk' };
      this.#registry.add('tidegate.unguarded.requests', via, past);
    }
    const lost = signals.linesLost > 0 ? poisson(this.#random, signals.linesLost) : 0;
    if (lost > 0) this.#registry.add('tidegate.hits.lost_lines', {}, lost);
    for (let i = 0; i < arrivals; i += 1) {
      if (this.#random() >= signals.repeated) continue;
      this.#count('tidegate.repeated_calls', { 'tidegate.retry.layer': 'langchain' }, 1);
    }
    this.#fleet?.step(signals);
    this.#batch?.step(arrivals);
  }

  answered(signals: Signals, { took, sentAfter, at }: Answer): void {
    const input = Math.round(duration(this.#random, signals.inputTokens));
    const output = Math.round(duration(this.#random, signals.outputTokens));
    // The longer a prefix was unused, the likelier it has expired.
    const warm = at - this.#answeredAt < CACHE_SECONDS * (0.5 + this.#random());
    this.#answeredAt = at;
    const common = Math.round(input * Math.min(1, signals.cached * (0.8 + 0.4 * this.#random())));
    const cached = warm ? common : 0;
    this.#tokens('input', input);
    this.#tokens('output', output);
    this.#tokens('reasoning', Math.round(output / 3));
    if (common > 0) this.#tokens(warm ? 'cache_read' : 'cache_write', common);
    this.#estimate('input', input * (0.9 + 0.2 * this.#random()));
    this.#estimate('output', output * (0.7 + 0.6 * this.#random()));
    this.#spend(signals, input - 0.9 * cached + 5 * output, 'answers');
    this.#cut(signals);
    this.#tier(signals);
    this.#registry.observe('tidegate.call.duration_seconds', this.#call, DURATION, took);
    if (this.#spec.streams) {
      const first = sentAfter + Math.min(took - sentAfter, duration(this.#random, signals.firstChunk));
      this.#registry.observe('tidegate.stream.first_chunk_seconds', this.#call, FIRST_CHUNK, first);
    }
    this.#batch?.ended('answered', signals.stuck);
  }

  failed(signals: Signals, type: string, took: number): void {
    this.#count('tidegate.call.errors', { 'error.type': type }, 1);
    this.#registry.observe('tidegate.call.duration_seconds', this.#call, DURATION, took);
    if (type === 'timeout') this.#spend(signals, signals.inputTokens, 'failures');
    this.#batch?.ended('failed', signals.stuck);
  }

  retried(seconds: number, hinted: boolean): void {
    const labels = {
      'gen_ai.provider.name': this.#spec.provider,
      'tidegate.delay.source': hinted ? 'retry_after' : 'backoff',
    };
    this.#registry.observe('tidegate.retry.delay_seconds', labels, DELAY, seconds);
  }

  gauges(signals: Signals, standing: Standing, limit: number): void {
    const { provider, model, uses = {} } = this.#spec;
    const bulkhead = { 'gen_ai.provider.name': provider, 'tidegate.bulkhead': `${provider}/${model}` };
    if (uses.tenants) {
      // Of a single call one tenant has everything.
      const share = Math.max(signals.busiestTenant * (0.9 + 0.2 * this.#random()), 1 / standing.queued);
      if (standing.queued > 0) {
        this.#registry.set('tidegate.queue.tenant_share_ratio', bulkhead, Math.min(1, share));
      } else this.#registry.drop('tidegate.queue.tenant_share_ratio', bulkhead);
    }
    this.#fleet?.gauges(limit);
    this.#batch?.gauges(standing.queued + standing.active);
  }

  #count(name: Parameters<Registry['add']>[0], labels: Labels, amount: number): void {
    this.#registry.add(name, { ...this.#call, ...labels }, amount);
  }

  #tokens(kind: string, amount: number): void {
    this.#count('tidegate.tokens', { 'tidegate.token.kind': kind }, amount);
  }

  #estimate(kind: string, amount: number): void {
    this.#count('tidegate.pacer.estimated_tokens', { 'tidegate.token.kind': kind }, Math.round(amount));
  }

  #spend({ usd }: Signals, weighted: number, on: 'answers' | 'failures'): void {
    if (!this.#spec.uses?.prices) return;
    if (usd === undefined) this.#count('tidegate.cost.unpriced_calls', {}, 1);
    else this.#count('tidegate.cost', { 'tidegate.cost.spent_on': on }, (weighted * usd) / 1e6);
  }

  #cut({ cut }: Signals): void {
    let left = this.#random();
    for (const [reason, share] of Object.entries(cut)) {
      left -= share;
      if (left < 0) return this.#count('tidegate.answers.cut', { 'tidegate.cut.reason': reason }, 1);
    }
  }

  #tier({ downgraded }: Signals): void {
    const asked = this.#spec.uses?.tier;
    if (asked === undefined) return;
    const served = this.#random() < downgraded ? 'standard' : asked;
    this.#count('tidegate.tier.answers', { 'tidegate.tier.asked': asked, 'tidegate.tier.served': served }, 1);
  }
}
