import type { JsonObject } from '../json.ts';

/** Page size when a list request names none. */
const PAGE = 20;

/** One page of a list whose cursor is an id, in the direction that the query asks for. */
export function cursorPage(
  all: readonly JsonObject[],
  query: URLSearchParams,
  after: string,
  before: string,
): JsonObject {
  const limit = Math.max(1, Number(query.get('limit') ?? PAGE) || PAGE);
  const at = (name: string): number => all.findIndex((each) => each.id === query.get(name));
  const end = query.has(before) ? Math.max(0, at(before)) : all.length;
  const start = query.has(before) ? Math.max(0, end - limit) : at(after) + 1;
  const data = all.slice(start, Math.min(end, start + limit));
  return {
    data,
    has_more: query.has(before) ? start > 0 : start + data.length < all.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
