import { describe, expect, it } from 'vitest';
import { accessProblem } from '../../src/core/http-access.ts';

describe('access to an endpoint without credentials', () => {
  it.each([
    ['127.0.0.1:9464'],
    ['[::1]:9464'],
    ['10.1.2.3'],
    ['localhost:9464'],
    ['LOCALHOST.:80'],
    ['app:9464'],
    ['host.docker.internal:9464'],
    ['app.default.svc.cluster.local:9464'],
    ['app.default.svc'],
    ['shop-1.example.com:9464'],
  ])('lets %s in', (host) => {
    expect(accessProblem({ host }, ['shop-1.example.com'])).toBeUndefined();
    expect(accessProblem({ host, origin: `http://${host}` }, ['shop-1.example.com'])).toBeUndefined();
  });

  it.each([
    ['evil.example'],
    ['127.0.0.1.evil.example:9464'],
    ['localhost.evil.example'],
    ['shop-1.example.com.evil.example'],
    ['internal.evil.example'],
    ['evilinternal.example'],
    ['a b'],
    [''],
  ])('keeps %j out', (host) => {
    expect(accessProblem({ host }, ['shop-1.example.com'])).toMatch(/^Expected /);
  });

  it("rejects other origins' pages, and accepts clients without a Host header, which no browser is", () => {
    const host = '127.0.0.1:9464';
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:80', `https://${host}`]) {
      expect(accessProblem({ host, origin }, [])).toMatch(/^Expected /);
    }
    expect(accessProblem({}, [])).toBeUndefined();
  });
});
