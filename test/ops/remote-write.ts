import protobuf from 'protobufjs';

/** An exponential histogram as OpenTelemetry has it, and its time in seconds since 1970. */
export interface NativePoint {
  readonly at: number;
  readonly count: number;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: { readonly offset: number; readonly bucketCounts: readonly number[] };
}

/** The part of prometheus/prompb that is sent; the field numbers are the format. */
const REQUEST = protobuf
  .parse(
    `
syntax = "proto3";
message WriteRequest { repeated TimeSeries timeseries = 1; }
message TimeSeries { repeated Label labels = 1; repeated Histogram histograms = 4; }
message Label { string name = 1; string value = 2; }
message BucketSpan { sint32 offset = 1; uint32 length = 2; }
message Histogram {
  uint64 count_int = 1; double sum = 3; sint32 schema = 4; double zero_threshold = 5; uint64 zero_count_int = 6;
  repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; int64 timestamp = 15;
}
`,
  )
  .root.lookupType('WriteRequest');

/** The finest scale that Prometheus accepts. */
const MAX_SCHEMA = 8;

/** Sends points of one series to a Prometheus that accepts remote writes. */
export async function writeNative(
  url: string,
  labels: Readonly<Record<string, string>>,
  points: readonly NativePoint[],
): Promise<void> {
  const named = Object.entries(labels).map(([name, value]) => ({ name, value }));
  const timeseries = [
    { labels: named.toSorted((a, b) => (a.name < b.name ? -1 : 1)), histograms: points.map(histogramOf) },
  ];
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: snappy(REQUEST.encode(REQUEST.fromObject({ timeseries })).finish()),
  });
  if (!response.ok) throw new Error(`Prometheus answered ${response.status}: ${await response.text()}`);
}

/** As the OTLP receiver does: buckets are merged until the scale is one that Prometheus has. */
function histogramOf({ at, count, sum = 0, scale, zeroCount, positive }: NativePoint): object {
  const shift = Math.max(0, scale - MAX_SCHEMA);
  const counts = new Map<number, number>();
  for (const [index, own] of positive.bucketCounts.entries()) {
    const bucket = ((positive.offset + index) >> shift) + 1;
    counts.set(bucket, (counts.get(bucket) ?? 0) + own);
  }
  const first = Math.min(...counts.keys());
  const length = Math.max(...counts.keys()) - first + 1;
  const whole = Array.from({ length }, (_, index) => counts.get(first + index) ?? 0);
  return {
    countInt: count,
    sum,
    schema: scale - shift,
    zeroThreshold: 0,
    zeroCountInt: zeroCount,
    positiveSpans: [{ offset: first, length }],
    positiveDeltas: whole.map((own, index) => own - (whole[index - 1] ?? 0)),
    timestamp: at * 1_000,
  };
}

/** The block format with literals only: nothing is compressed. */
function snappy(bytes: Uint8Array): Buffer<ArrayBuffer> {
  const parts: Uint8Array[] = [varint(bytes.length)];
  for (let from = 0; from < bytes.length; from += 65_536) {
    const piece = bytes.subarray(from, from + 65_536);
    const length = piece.length - 1;
    parts.push(Uint8Array.of(61 << 2, length & 255, length >> 8), piece);
  }
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left >>>= 7) bytes.push((left & 127) | 128);
  return Uint8Array.from([...bytes, left]);
}
