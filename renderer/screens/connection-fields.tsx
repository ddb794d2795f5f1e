import { SelectField, TextField } from '../ui/field.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import {
  type ConnectionDraft,
  otherServer,
  type ReadConnections,
  type WrittenConnection,
} from './connection-draft.ts';
import cards from '../ui/cards.module.css';
import styles from './connections.module.css';

const protocols = (['postgresql', 'mysql', 'sqlserver'] as const).map((value) => ({
  value,
  label: protocolTitles[value],
}));
const usualPorts = { postgresql: '5432', mysql: '3306', sqlserver: '1433' };

const tlsModes = [
  { value: 'verify', label: 'Verified' },
  { value: 'strict', label: 'Strict (SQL Server, TDS 8.0)' },
  { value: 'by-password', label: 'Proved by the password (MariaDB)' },
  { value: 'off', label: 'Off, on this computer only' },
] as const;

/** What a field of the draft gets. */
export type FieldOf = <K extends Exclude<keyof ConnectionDraft, 'rules'>>(
  key: K,
) => {
  value: ConnectionDraft[K];
  onChange(value: ConnectionDraft[K]): void;
  fault: string | undefined;
  /** The organisation has set it. */
  readOnly: boolean;
};

/** Where the database is, and where SQL tools find it on this computer. */
export function ServerFields({
  before,
  read,
  draft,
  field,
  change,
}: {
  before: WrittenConnection | undefined;
  read: ReadConnections;
  draft: ConnectionDraft;
  field: FieldOf;
  change(next: (old: ConnectionDraft) => ConnectionDraft): void;
}) {
  const other = otherServer(before?.settings ?? {});
  return (
    <fieldset className={styles['section']}>
      <legend>Server</legend>
      <div className={cards['pair']}>
        <SelectField
          label="Protocol"
          {...field('protocol')}
          options={protocols}
          onChange={(protocol) =>
            change((old) => {
              const isProposed = Object.values(read.freePorts).includes(Number(old.port));
              return { ...old, protocol, port: isProposed ? String(read.freePorts[protocol]) : old.port };
            })
          }
        />
        <TextField
          label="Local port"
          hint="Where SQL tools connect on this computer; a free one is proposed."
          {...field('port')}
          maxLength={5}
        />
      </div>
      {other === undefined ? (
        <div className={cards['pair']}>
          <TextField
            label="Host"
            hint="Name or address of the database server."
            {...field('host')}
            maxLength={300}
          />
          <TextField
            label="Port of the server"
            {...field('upstreamPort')}
            maxLength={5}
            placeholder={usualPorts[draft.protocol]}
          />
        </div>
      ) : (
        <p className={layout['soft']}>
          The configuration file names the server: <Name>{other}</Name>
        </p>
      )}
      {draft.protocol === 'sqlserver' && (
        <TextField
          label="Instance"
          hint="A named instance, in place of a port."
          {...field('instance')}
          maxLength={16}
        />
      )}
      <div className={cards['pair']}>
        <TextField
          label="Database"
          hint="The one that a login opens which names none."
          {...field('database')}
          maxLength={128}
        />
        <TextField
          label="Further databases"
          hint="With commas between, or: any"
          {...field('databases')}
          maxLength={10_000}
        />
      </div>
    </fieldset>
  );
}

/** How the server proves who it is. */
export function EncryptionFields({ field }: { field: FieldOf }) {
  const isOff = field('tls').value === 'off';
  return (
    <fieldset className={styles['section']}>
      <legend>Encryption to the server</legend>
      <div className={cards['pair']}>
        <SelectField label="TLS" {...field('tls')} options={tlsModes} />
        {!isOff && (
          <TextField
            label="Authority"
            hint="PEM file on this computer; empty: those that the system trusts."
            {...field('caFile')}
            maxLength={4096}
          />
        )}
      </div>
      {!isOff && (
        <div className={cards['pair']}>
          <TextField
            label="Name in the certificate"
            hint="Where it is not the host."
            {...field('serverName')}
            maxLength={253}
          />
          <TextField
            label="Fingerprint"
            hint="Of the server’s own certificate, in place of an authority; a test shows it."
            {...field('fingerprint')}
            maxLength={200}
            placeholder="sha256:…"
          />
        </div>
      )}
    </fieldset>
  );
}
