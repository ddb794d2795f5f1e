import { once } from 'node:events';
import { createServer } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { IssuedCertificate } from '../support/certificates.ts';

/**
 * What OTLP's JSON may hold, after opentelemetry-proto 1.5 (collector/logs/v1, logs/v1, common/v1, resource/v1) and protobuf's
 * mapping to JSON: lowerCamelCase, 64-bit numbers as texts. Strict: a name that is none of theirs is a fault.
 */
const int64 = z.string().regex(/^-?\d{1,20}$/);
const anyValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: int64 }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value: anyValue })).optional();
const logRecord = z.strictObject({
  timeUnixNano: int64,
  observedTimeUnixNano: int64,
  severityNumber: z.int().min(1).max(24),
  severityText: z.string(),
  eventName: z.string(),
  body: anyValue,
  attributes,
});
const request = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeLogs: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          logRecords: z.array(logRecord),
        }),
      ),
    }),
  ),
});

export interface CollectedRecord {
  resource: Record<string, string>;
  attributes: Record<string, string | boolean>;
  record: z.infer<typeof logRecord>;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

const values = (given: z.infer<typeof attributes> = []) =>
  Object.fromEntries(given.map(({ key, value }) => [key, Object.values(value)[0] as string]));

/**
 * Stands in for a collector, as none can be had from Debian or npm: a real HTTPS server that takes what the published form
 * allows and nothing else.
 */
export async function startCollector({ certPem, keyPem }: IssuedCertificate) {
  const requests: { path: string; headers: IncomingHttpHeaders; records: CollectedRecord[] }[] = [];
  const answers: Answer[] = [];
  const server = createServer({ cert: certPem, key: keyPem }, (incoming, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of incoming.setEncoding('utf8')) text += chunk as string;
      const { resourceLogs } = request.parse(JSON.parse(text));
      const records = resourceLogs.flatMap(({ resource, scopeLogs }) =>
        scopeLogs.flatMap(({ logRecords }) =>
          logRecords.map((record) => ({
            resource: values(resource.attributes),
            attributes: values(record.attributes),
            record,
          })),
        ),
      );
      requests.push({ path: incoming.url ?? '', headers: incoming.headers, records });
      const { status, headers, body } = answers.shift() ?? { status: 200 };
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body ?? '{}');
    })().catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}/v1/logs`,
    requests,
    /** For the next requests, in this order; then everything is taken. */
    answers,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
