import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** What a collector receives, in both encodings, as far as tests inspect it. */
export interface ExportedMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly ExportedMetric[];
    }[];
  }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface ExportedMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly dataPoints: readonly NumberPoint[]; readonly isMonotonic: boolean };
  readonly gauge?: { readonly dataPoints: readonly NumberPoint[] };
  readonly histogram?: { readonly dataPoints: readonly { readonly count: number | string; readonly sum: number }[] };
  readonly exponentialHistogram?: { readonly dataPoints: readonly { readonly count: number | string }[] };
}

interface NumberPoint {
  readonly attributes: readonly KeyValue[];
  readonly asDouble?: number;
  readonly asInt?: number | string;
}

/** The part of opentelemetry/proto/collector/metrics/v1 that is decoded; the field numbers are the format. */
const SCHEMA = `
syntax = "proto3";
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
message Scope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message Metric { string name = 1; string description = 2; string unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; ExponentialHistogram exponential_histogram = 10; }
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; }
message ExponentialHistogram { repeated ExponentialHistogramDataPoint data_points = 1; }
message ExponentialHistogramDataPoint { fixed64 count = 4; double sum = 5; sint32 scale = 6; }
message NumberDataPoint { double as_double = 4; sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
message HistogramDataPoint { fixed64 count = 4; double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9; }
`;
const REQUEST = protobuf.parse(SCHEMA).root.lookupType('ExportMetricsServiceRequest');

/** A collector over HTTP that records what it receives. */
export class OtlpReceiver {
  readonly received: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.received.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(200, { 'content-type': request.headers['content-type'] }).end();
    });
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything received on the path of metrics, decoded. */
  metrics(): ExportedMetrics[] {
    return this.received
      .filter(({ path }) => path === '/v1/metrics')
      .map(({ headers, body }) =>
        headers['content-type'] === 'application/json'
          ? (JSON.parse(body.toString()) as ExportedMetrics)
          : (REQUEST.toObject(REQUEST.decode(body), { longs: Number, defaults: false }) as ExportedMetrics),
      );
  }

  /** The last metrics received, by name. */
  latest(): Map<string, ExportedMetric> {
    const all =
      this.metrics()
        .at(-1)
        ?.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics) ?? [];
    return new Map(all.flatMap(({ metrics }) => metrics).map((metric) => [metric.name, metric]));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Values of a sum or a gauge, by the given attributes. */
export function valuesOf(metric: ExportedMetric | undefined, ...keys: string[]): Record<string, number> {
  const points = metric?.sum?.dataPoints ?? metric?.gauge?.dataPoints ?? [];
  const named = points.map(({ attributes, asDouble, asInt }) => {
    const names = keys.map((key) => attributes.find((each) => each.key === key)?.value.stringValue);
    return [names.join(' '), Number(asDouble ?? asInt ?? 0)] as const;
  });
  return Object.fromEntries(named.filter(([, value]) => value !== 0));
}
