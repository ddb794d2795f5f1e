import type { FollowedRecord } from '../audit/follow.ts';
import type { AuditRecord } from '../audit/record-line.ts';
import { isJsonObject } from '../contract/json.ts';
import { severityOf } from './severity.ts';

/** `SeverityNumber` of OpenTelemetry's data model, with the texts of syslog that it maps them to. */
const severities = {
  warning: { severityNumber: 13, severityText: 'WARN' },
  notice: { severityNumber: 10, severityText: 'NOTICE' },
  info: { severityNumber: 9, severityText: 'INFO' },
} as const;

interface Attribute {
  key: string;
  value: { stringValue: string } | { intValue: string };
}

/** Members of a record that have an attribute of their own, so that a server can look for them without reading the text. */
const members = ['connection', 'role', 'code', 'databaseSessionId'] as const;

/**
 * `ExportLogsServiceRequest` in protobuf's JSON (opentelemetry-proto 1.5 and later): 64-bit numbers are texts. The body is the
 * record's line as it stands in the file; `log.record.uid` is what a server tells repetitions by.
 */
export function logsRequest(
  records: readonly FollowedRecord[],
  { host, version }: { host: string; version: string },
) {
  return {
    resourceLogs: [
      {
        resource: {
          attributes: [
            text('service.name', 'latchkey'),
            text('service.version', version),
            text('host.name', host),
          ],
        },
        scopeLogs: [{ scope: { name: 'latchkey.audit', version }, logRecords: records.map(logRecord) }],
      },
    ],
  };
}

function logRecord({ record, line }: FollowedRecord) {
  const time = `${BigInt(Date.parse(record.time)) * 1_000_000n}`;
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    ...severities[severityOf(record)],
    eventName: `latchkey.${record.event}`,
    body: { stringValue: line },
    attributes: [
      text('log.record.uid', record.hash),
      { key: 'latchkey.seq', value: { intValue: String(record.seq) } },
      ...actorOf(record),
      ...members.flatMap((member) => {
        const value = record[member];
        return typeof value === 'string' ? text(`latchkey.${snake(member)}`, value) : [];
      }),
    ] satisfies Attribute[],
  };
}

/** Names of OpenTelemetry's semantic conventions, where it has some. */
function actorOf({ actor }: AuditRecord): Attribute[] {
  if (!isJsonObject(actor)) return [];
  const given: [string, unknown][] = [
    ['latchkey.actor.kind', actor['kind']],
    ['user.name', actor['username']],
    ['user.id', actor['objectId'] ?? actor['uid']],
    ['latchkey.actor.tenant_id', actor['tenantId']],
    ['latchkey.actor.provider', actor['provider']],
  ];
  return given.flatMap(([key, value]) =>
    typeof value === 'string' || typeof value === 'number' ? text(key, String(value)) : [],
  );
}

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
