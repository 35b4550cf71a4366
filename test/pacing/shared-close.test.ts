import { describe, expect, it } from 'vitest';
import { AdmissionRefused } from '../../src/core/admission.ts';
import { fakeFetch, json } from '../helpers/fake-fetch.ts';
import { FAST, guardedClient, settle, testGuard } from '../helpers/guarded.ts';
import { SDKS } from '../helpers/sdk-matrix.ts';
import { flush } from '../helpers/virtual-clock.ts';
import { finish, harness, watch } from './harness.ts';

describe('a lane that one of its guards leaves', () => {
  it("refuses that guard's queued calls at once, and no others", async () => {
    const h = harness({ maxConcurrent: 1 });
    const running = watch(h);
    const [theirs, others] = [{}, {}];
    const calls = Array.from({ length: 10 }, (_, index) => watch(h, { owner: index % 3 === 0 ? theirs : others }));
    await flush();
    h.lane.closeFor(theirs);
    await flush();
    for (const [index, { error }] of calls.entries()) {
      if (index % 3 === 0) expect(error).toMatchObject({ reason: 'closed' });
      else expect(error).toBeUndefined();
    }
    expect(calls[0]!.error).toBeInstanceOf(AdmissionRefused);
    expect(h.lane.queued).toBe(6);
    finish(running.ticket);
    await flush();
    expect(calls[1]!.ticket).toBeDefined();
  });

  it('lets the calls of the other guards go on when the first one closes', async () => {
    const openai = SDKS[0]!;
    const limited = { ...FAST, bulkhead: { maxConcurrent: 1 } };
    const [leaving, staying] = [testGuard(limited), testGuard(limited)];
    const apiKey = 'shared-until-one-closes';
    let answer!: () => void;
    const slow = fakeFetch(
      () =>
        new Promise<Response>((resolve) => {
          answer = () => resolve(Response.json(openai.completion));
        }),
      json(openai.completion),
    );
    const [gone, kept] = [leaving, staying].map((guard) => guardedClient(openai, guard, slow.fetch, { apiKey }));
    const first = openai.create(kept!);
    await settle();
    const queued = openai.create(gone!).catch((error: unknown) => error);
    const behind = openai.create(kept!);
    await settle();
    await leaving.close();
    expect(await queued).toMatchObject({ code: 'closed', tidegate: { attempts: 0 } });
    answer();
    expect(openai.text(await first)).toBe('answer');
    expect(openai.text(await behind)).toBe('answer');
    expect(slow.requests).toHaveLength(2);
  });
});
