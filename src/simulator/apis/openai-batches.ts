import type { JsonObject } from '../json.ts';
import { asObject, asString } from '../json.ts';
import { cursorPage } from './cursor-page.ts';
import { randomId } from '../random.ts';
import { type AnswerRow, type BatchRow, type BatchSettings, rowOf, type RowState, TimedBatch } from './timed-batch.ts';
import type { Work, WorkContext } from './work.ts';
import { BadRequest, created, NotFound, unlimited } from './work.ts';

const MAX_LINES = 50_000;

interface OpenAIBatch {
  readonly timed: TimedBatch;
  readonly info: JsonObject;
  readonly failure: JsonObject | undefined;
  outputFile: string | undefined;
  errorFile: string | undefined;
}

/** The files from which batches read, and to which they write. */
export interface FileContents {
  contentOf(id: string): Uint8Array | undefined;
  addOutput(context: WorkContext, text: string): string;
}

/** The batch API of OpenAI and Groq: files in, files out. */
export class OpenAIBatches {
  readonly #files: FileContents;
  readonly #batches = new Map<string, OpenAIBatch>();

  constructor(files: FileContents) {
    this.#files = files;
  }

  create(context: WorkContext, body: JsonObject, settings: BatchSettings, answer: AnswerRow): Work {
    const file = asString(body.input_file_id);
    const endpoint = asString(body.endpoint);
    const content = this.#files.contentOf(file);
    if (!content) throw new BadRequest(`Invalid file id: ${file}`, 'input_file_id');
    if (endpoint === '') throw new BadRequest("Missing required parameter: 'endpoint'.", 'endpoint');
    const id = `batch_${randomId(context.random, 32).toLowerCase()}`;
    const problems: JsonObject[] = [];
    const rows = readRows(content, endpoint, problems, (line) =>
      rowOf(line.custom_id, () => answer(endpoint, asObject(line.body), context), context, settings),
    );
    const waiting = [...this.#batches.values()]
      .filter(({ timed, failure }) => !failure && !timed.ended(context.now))
      .reduce((sum, { timed }) => sum + tokensOf(timed.rows), 0);
    if (waiting + tokensOf(rows) > settings.enqueuedTokens) {
      problems.push({
        code: 'token_limit_exceeded',
        line: null,
        param: null,
        message:
          `Enqueued token limit reached for this model in organization ${context.organization}. Limit: ` +
          `${settings.enqueuedTokens.toLocaleString('en-US')} enqueued tokens. Please try again once some in_progress batches ` +
          'have been completed.',
      });
    }
    const failure = problems.length === 0 ? undefined : { object: 'list', data: problems };
    const info = {
      id,
      object: 'batch',
      endpoint,
      input_file_id: file,
      completion_window: asString(body.completion_window) || '24h',
      created_at: created(context),
      expires_at: created(context) + 86_400,
      metadata: body.metadata ?? null,
    };
    const batch = {
      timed: new TimedBatch(id, rows, settings.seconds, context),
      info,
      failure,
      outputFile: undefined,
      errorFile: undefined,
    };
    this.#batches.set(id, batch);
    const counts = { total: rows.length, completed: 0, failed: 0 };
    return unlimited({ ...info, status: 'validating', request_counts: counts });
  }

  get(context: WorkContext, id: string): Work {
    return unlimited(this.#show(context, this.#find(id)));
  }

  cancel(context: WorkContext, id: string): Work {
    const batch = this.#find(id);
    batch.timed.cancel(context.now);
    return unlimited({ ...this.#show(context, batch), status: 'cancelling' });
  }

  list(context: WorkContext, query: URLSearchParams): Work {
    const all = Array.from(this.#batches.values(), (batch) => this.#show(context, batch)).reverse();
    return unlimited({ object: 'list', ...cursorPage(all, query, 'after', 'before') });
  }

  #find(id: string): OpenAIBatch {
    const batch = this.#batches.get(id);
    if (!batch) throw new NotFound(`No batch found with id '${id}'.`);
    return batch;
  }

  #show(context: WorkContext, batch: OpenAIBatch): JsonObject {
    const { info, timed, failure } = batch;
    const total = timed.rows.length;
    if (failure) {
      const counts = { total: 0, completed: 0, failed: 0 };
      return { ...info, status: 'failed', failed_at: info.created_at, errors: failure, request_counts: counts };
    }
    if (!timed.ended(context.now)) {
      return { ...info, status: 'in_progress', request_counts: { total, completed: 0, failed: 0 } };
    }
    const states = timed.states();
    this.#write(context, batch, states);
    const completed = timed.rows.filter(({ status }, index) => states[index] === 'done' && status === 200).length;
    const status = timed.canceled ? 'cancelled' : states.includes('expired') ? 'expired' : 'completed';
    return {
      ...info,
      status,
      [`${status}_at`]: Math.floor(timed.endedWallMs / 1_000),
      ...(batch.outputFile !== undefined && { output_file_id: batch.outputFile }),
      ...(batch.errorFile !== undefined && { error_file_id: batch.errorFile }),
      request_counts: { total, completed, failed: total - completed },
    };
  }

  /** Results in a different order than the requests, as with real providers. */
  #write(context: WorkContext, batch: OpenAIBatch, states: readonly RowState[]): void {
    if (batch.outputFile !== undefined || batch.errorFile !== undefined) return;
    const outputs: string[] = [];
    const errors: string[] = [];
    for (const [index, row] of [...batch.timed.rows.entries()].reverse()) {
      const head = { id: `batch_req_${randomId(context.random, 24)}`, custom_id: row.customId };
      const state = states[index]!;
      if (state === 'done') {
        const response = { status_code: row.status, request_id: randomId(context.random, 32), body: row.body };
        (row.status === 200 ? outputs : errors).push(JSON.stringify({ ...head, response, error: null }));
      } else {
        const code = state === 'expired' ? 'batch_expired' : 'batch_cancelled';
        const message = `This request could not be executed before the ${state === 'expired' ? 'completion window expired' : 'batch was cancelled'}.`;
        errors.push(JSON.stringify({ ...head, response: null, error: { code, message } }));
      }
    }
    const file = (lines: readonly string[]): string | undefined =>
      lines.length === 0 ? undefined : this.#files.addOutput(context, `${lines.join('\n')}\n`);
    batch.outputFile = file(outputs);
    batch.errorFile = file(errors);
  }
}

const tokensOf = (rows: readonly BatchRow[]): number => rows.reduce((sum, { inputTokens }) => sum + inputTokens, 0);

function readRows(
  content: Uint8Array,
  endpoint: string,
  problems: JsonObject[],
  read: (line: JsonObject) => BatchRow,
): BatchRow[] {
  const lines = Buffer.from(content)
    .toString('utf8')
    .split('\n')
    .filter((text) => text.trim() !== '');
  const problem = (code: string, line: number, message: string): void =>
    void problems.push({ code, line: line + 1, message, param: null });
  if (lines.length === 0) problem('empty_file', 0, 'The batch input file is empty.');
  if (lines.length > MAX_LINES)
    problem('too_many_tasks', MAX_LINES, `The batch input file has more than ${MAX_LINES} requests.`);
  const seen = new Set<unknown>();
  const rows: BatchRow[] = [];
  for (const [index, text] of lines.entries()) {
    let line: JsonObject;
    try {
      line = asObject(JSON.parse(text));
    } catch {
      problem('invalid_json_line', index, 'This line is not parseable as valid JSON.');
      continue;
    }
    if (seen.has(line.custom_id))
      problem('duplicate_custom_id', index, 'The custom_id for this request is a duplicate.');
    seen.add(line.custom_id);
    if (line.url !== endpoint)
      problem('mismatched_url', index, `The URL provided for this request does not match the batch endpoint.`);
    rows.push(read(line));
  }
  return rows;
}
