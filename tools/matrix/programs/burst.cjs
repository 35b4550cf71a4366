'use strict';
/**
 * The body of every program: a burst of calls that a bare SDK does not survive. What a cell tries is how its clients
 * came to be. Knows no SDK, so that it can be part of any program, bundled or not.
 */
const CALLS = 20;

/** Of a client of this provider. */
exports.options = (provider) => ({ apiKey: 'k', baseURL: process.env[`MATRIX_${provider.toUpperCase()}_URL`] });

function ask(client) {
  const body = {
    model: process.env.MATRIX_MODEL,
    max_tokens: 20,
    messages: [{ role: 'user', content: 'hello' }],
  };
  return client.messages ? client.messages.create(body) : client.chat.completions.create(body);
}

/** What became of the calls of each client. */
exports.burst = async (clients) => {
  const each = Object.entries(clients).map(async ([name, client]) => {
    const outcomes = await Promise.allSettled(Array.from({ length: CALLS }, async () => ask(client)));
    const lost = outcomes.filter(({ status }) => status === 'rejected');
    return [name, { calls: CALLS, lost: lost.length, reason: lost[0] && `${lost[0].reason}`.slice(0, 300) }];
  });
  return Object.fromEntries(await Promise.all(each));
};

/** @param checks Further things that have to be true, by name. */
exports.report = (clients, checks = {}) => console.log(`@matrix ${JSON.stringify({ clients, checks })}`);

/** Most programs are no more than this. */
exports.run = async (clients, checks) => exports.report(await exports.burst(clients), checks);
