import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditFile } from '../../main/audit/audit-files.ts';
import { encodeRecord, genesis } from '../../main/audit/record-line.ts';
import { verifyAudit } from '../../main/audit/verify.ts';
import { count, slack, type Target } from './target.ts';

const records = { quick: 20_000, full: 1_000_000 };
const boundSeconds = 10;
const longestFile = 8 * 1024 * 1024;
const account = {
  provider: 'contoso',
  tenantId: '7d1f3c52-6c1b-4c0e-9a53-1a6a2f0a9b11',
  objectId: '0f9c1c9e-3d58-4f5b-8f31-5d0f4a3f8e21',
  username: 'ada@contoso.example',
  displayName: 'Ada',
};

/** How long `latchkey audit verify` takes with a record of years. */
export const auditVerify: Target = {
  name: 'audit-verify',
  bound: '1,000,000 records of the audit verify within 10 s',
  isTimed: true,
  async run(size) {
    const total = records[size];
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-verify-'));
    try {
      await write(folder, total);
      const began = performance.now();
      const verdict = await verifyAudit(folder);
      const seconds = (performance.now() - began) / 1000;
      const boundHere = (boundSeconds * total * slack(size)) / records.full;
      return {
        figure: `${count(verdict.records)} records in ${verdict.files} files: ${seconds.toFixed(1)} s`,
        pass: verdict.ok && verdict.records === total && seconds <= boundHere,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Files as the broker writes them, without waiting for the disk at each record. */
async function write(folder: string, total: number): Promise<void> {
  let end = genesis;
  for (let number = 1; end.seq < total; number += 1) {
    const file = createWriteStream(auditFile(folder, number).path);
    for (let size = 0; size < longestFile && end.seq < total;) {
      const encoded = encodeRecord(
        {
          event: 'login-allowed',
          connection: 'sales',
          clientUser: 'ada',
          database: 'sales',
          program: 'psql',
          address: `127.0.0.1:${1024 + (end.seq % 60_000)}`,
          uid: 1000,
          account,
          role: 'reader',
          group: 'b7d7b6a3-64b2-4d8a-8f24-2f2b1a7c9d10',
          tokenId: `tok_${end.seq}`,
          databaseSessionId: '4f6f2c1e-8a53-4b0e-9d1c-3a6a2f0a9b11',
        },
        end,
        new Date(1_700_000_000_000 + end.seq * 1000),
      );
      end = encoded.end;
      size += encoded.line.length;
      if (!file.write(encoded.line)) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
  }
  await writeFile(join(folder, 'anchor.json'), JSON.stringify(end));
}
