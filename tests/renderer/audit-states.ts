import type { ActionReply, ActionRequest } from '../../main/contract/action-schemas.ts';
import type { AuditEntry } from '../../main/contract/audit-shapes.ts';
import { at } from './states.ts';

const adele = 'adele.vance@contoso.example';

/** What a record is about, turn by turn. */
const patterns: Omit<AuditEntry, 'seq' | 'time'>[] = [
  {
    event: 'login-refused',
    kind: 'logins',
    refused: true,
    who: 'user 1000 of this computer',
    connection: 'sales',
    details: [
      { name: 'clientUser', value: 'adele' },
      { name: 'program', value: 'DBeaver 25.3 - Main' },
      { name: 'address', value: '127.0.0.1:51312' },
      { name: 'process path', value: '/usr/share/dbeaver-ce/dbeaver' },
      { name: 'code', value: 'token-expired' },
    ],
  },
  {
    event: 'login-allowed',
    kind: 'logins',
    refused: false,
    who: adele,
    connection: 'orders',
    details: [{ name: 'role', value: 'orders_reader' }],
  },
  {
    event: 'token-issued',
    kind: 'tokens',
    refused: false,
    who: adele,
    connection: 'sales',
    details: [{ name: 'tokenId', value: 't1' }],
  },
  {
    event: 'mfa-accepted',
    kind: 'second-factors',
    refused: false,
    who: adele,
    connection: 'orders',
    details: [{ name: 'method', value: 'totp' }],
  },
  {
    event: 'provider-changed',
    kind: 'administration',
    refused: false,
    who: adele,
    details: [{ name: 'change', value: 'saved' }],
  },
];

export const recordAt = (seq: number): AuditEntry => ({
  ...(patterns[seq % patterns.length] as (typeof patterns)[number]),
  seq,
  time: at(-((100_000 - seq) % 100_000)),
});

/** Answers as main does for an audit of so many records, of which it looks at `most` for each answer. */
export function auditOf(count: number, most = 20_000) {
  return ({ before, limit = 50, text, kind, connection, refused }: ActionRequest<'readAudit'>) => {
    let seq = before === undefined ? count : Number(before.split(':')[1]);
    const entries: AuditEntry[] = [];
    const last = Math.max(0, seq - most);
    for (; seq > last && entries.length < limit; seq -= 1) {
      const entry = recordAt(seq);
      if (kind !== undefined && entry.kind !== kind) continue;
      if (connection !== undefined && entry.connection !== connection) continue;
      if (refused === true && !entry.refused) continue;
      if (text !== undefined && !JSON.stringify(entry).includes(text)) continue;
      entries.push(entry);
    }
    const reply: ActionReply<'readAudit'> = { entries, backTo: recordAt(seq + 1).time };
    return seq === 0 ? reply : { ...reply, before: `1:${seq}` };
  };
}

export const whole: ActionReply<'verifyAudit'> = {
  ok: true,
  message: 'The audit is whole: 100000 records in 7 files. It is signed with the key 3F8C 2B71.',
  records: 100_000,
  files: 7,
  breaks: [],
};

export const changed: ActionReply<'verifyAudit'> = {
  ok: false,
  message: 'The audit was changed: audit-000003.jsonl, line 42: edited.',
  remedy: 'Compare with a backup of the file; records before this line are as they were written.',
  records: 100_000,
  files: 7,
  breaks: [
    { file: 'audit-000003.jsonl', line: 42, detail: 'Its hash is not that of its content.' },
    { file: 'audit-000003.jsonl', line: 43, detail: 'It does not follow the record before it.' },
  ],
};
