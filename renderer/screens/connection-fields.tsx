import { connections as t } from '../texts/en/connections.ts';
import { common } from '../texts/en/common.ts';
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

const tlsModes = () =>
  [
    { value: 'verify', label: t.verified },
    { value: 'strict', label: t.strictSqlServerTds80 },
    { value: 'by-password', label: t.provedByThePasswordMariadb },
    { value: 'off', label: t.offOnThisComputerOnly },
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
      <legend>{t.server}</legend>
      <div className={cards['pair']}>
        <SelectField
          label={t.protocol}
          {...field('protocol')}
          options={protocols}
          onChange={(protocol) =>
            change((old) => {
              const isProposed = Object.values(read.freePorts).includes(Number(old.port));
              return { ...old, protocol, port: isProposed ? String(read.freePorts[protocol]) : old.port };
            })
          }
        />
        <TextField label={t.localPort} hint={t.whereSqlToolsConnectOnThis} {...field('port')} maxLength={5} />
      </div>
      {other === undefined ? (
        <div className={cards['pair']}>
          <TextField label={t.host} hint={t.nameOrAddressOfTheDatabase} {...field('host')} maxLength={300} />
          <TextField
            label={t.portOfTheServer}
            {...field('upstreamPort')}
            maxLength={5}
            placeholder={usualPorts[draft.protocol]}
          />
        </div>
      ) : (
        <p className={layout['soft']}>{t.theConfigurationFileNamesThe(<Name>{other}</Name>)}</p>
      )}
      {draft.protocol === 'sqlserver' && (
        <TextField
          label={t.instance}
          hint={t.aNamedInstanceInPlaceOf}
          {...field('instance')}
          maxLength={16}
        />
      )}
      <div className={cards['pair']}>
        <TextField
          label={common.database}
          hint={t.theOneThatALoginOpens}
          {...field('database')}
          maxLength={128}
        />
        <TextField
          label={t.furtherDatabases}
          hint={t.withCommasBetweenOrAny}
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
      <legend>{t.encryptionToTheServer}</legend>
      <div className={cards['pair']}>
        <SelectField label={t.tls} {...field('tls')} options={tlsModes()} />
        {!isOff && (
          <TextField
            label={t.authority}
            hint={t.pemFileOnThisComputerEmpty}
            {...field('caFile')}
            maxLength={4096}
          />
        )}
      </div>
      {!isOff && (
        <div className={cards['pair']}>
          <TextField
            label={t.nameInTheCertificate}
            hint={t.whereItIsNotTheHost}
            {...field('serverName')}
            maxLength={253}
          />
          <TextField
            label={common.fingerprint}
            hint={t.ofTheServersOwnCertificateIn}
            {...field('fingerprint')}
            maxLength={200}
            placeholder="sha256:…"
          />
        </div>
      )}
    </fieldset>
  );
}
