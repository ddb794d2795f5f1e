import { type ReactNode, useEffect, useState } from 'react';
import { auditKinds, type AuditKind } from '../../main/contract/audit-kinds.ts';
import type { AuditFilter } from '../../main/contract/audit-shapes.ts';
import { common } from '../texts/en/common.ts';
import { audit as t } from '../texts/en/audit.ts';
import { SelectField, TextField } from '../ui/field.tsx';
import styles from './audit.module.css';

const spans = ['any', 'hour', 'day', 'week', 'month', 'between'] as const;
type Span = (typeof spans)[number];

const spanLabels = (): Record<Span, string> => ({
  any: t.anyTime,
  hour: t.theLastHour,
  day: t.theLast24Hours,
  week: t.theLast7Days,
  month: t.theLast30Days,
  between: t.betweenTwoDays,
});
const hourMs = 3_600_000;
const spanMs: Partial<Record<Span, number>> = {
  hour: hourMs,
  day: 24 * hourMs,
  week: 7 * 24 * hourMs,
  month: 30 * 24 * hourMs,
};

export const kindLabels = (): Record<AuditKind, string> => ({
  'sign-ins': 'Sign-ins',
  logins: t.databaseLogins,
  tokens: t.tokensAndSavedPasswords,
  'second-factors': t.secondFactors,
  administration: t.changesOfSettings,
  latchkey: t.latchkeyItself,
});

/** As it stands in the fields. */
export interface AuditWish {
  span: Span;
  from: string;
  to: string;
  text: string;
  person: string;
  connection: string;
  kind: AuditKind | '';
  refused: boolean;
}

export const anything: AuditWish = {
  span: 'any',
  from: '',
  to: '',
  text: '',
  person: '',
  connection: '',
  kind: '',
  refused: false,
};

/** While somebody types, nothing is looked for yet. */
const typingMs = 250;

/** What the fields mean, a moment after the last change; the same value as long as they say the same. */
export function useAuditFilter(wish: AuditWish): AuditFilter {
  const [filter, setFilter] = useState<AuditFilter>({});
  useEffect(() => {
    const timer = setTimeout(() => {
      const next = filterOf(wish, Date.now());
      setFilter((last) => (JSON.stringify(last) === JSON.stringify(next) ? last : next));
    }, typingMs);
    return () => clearTimeout(timer);
  }, [wish]);
  return filter;
}

function filterOf(wish: AuditWish, now: number): AuditFilter {
  const { span, connection, kind, refused } = wish;
  const [text, person] = [wish.text.trim(), wish.person.trim()];
  const ms = spanMs[span];
  const since =
    span === 'between'
      ? dayStart(wish.from, 0)
      : ms === undefined
        ? undefined
        : new Date(now - ms).toISOString();
  const until = span === 'between' ? dayStart(wish.to, 1) : undefined;
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(text === '' ? {} : { text }),
    ...(person === '' ? {} : { person }),
    ...(connection === '' ? {} : { connection }),
    ...(kind === '' ? {} : { kind }),
    ...(refused ? { refused } : {}),
  };
}

/** Midnight of this place; undefined while the day is not whole. */
function dayStart(day: string, plusDays: number): string | undefined {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (year === undefined) return undefined;
  return new Date(Number(year), Number(month) - 1, Number(date) + plusDays).toISOString();
}

export function AuditFields(props: {
  wish: AuditWish;
  connections: { name: string; title: string }[];
  onChange(wish: AuditWish): void;
}): ReactNode {
  const { wish, onChange } = props;
  const change = (part: Partial<AuditWish>): void => onChange({ ...wish, ...part });
  return (
    <form className={styles['filter']} aria-label={t.filter} onSubmit={(event) => event.preventDefault()}>
      <TextField
        label={common.search}
        value={wish.text}
        maxLength={200}
        isSearch
        placeholder={t.anyWordsOfARecord}
        onChange={(text) => change({ text })}
      />
      <TextField
        label={t.person}
        value={wish.person}
        maxLength={200}
        placeholder={t.partOfAName}
        onChange={(person) => change({ person })}
      />
      <SelectField
        label={common.connection}
        value={wish.connection}
        options={[
          { value: '', label: common.all },
          ...props.connections.map(({ name, title }) => ({ value: name, label: title })),
        ]}
        onChange={(connection) => change({ connection })}
      />
      <SelectField<AuditKind | ''>
        label={t.what}
        value={wish.kind}
        options={[
          { value: '', label: t.everything },
          ...auditKinds.map((kind) => ({ value: kind, label: kindLabels()[kind] })),
        ]}
        onChange={(kind) => change({ kind })}
      />
      <SelectField<Span>
        label={t.when}
        value={wish.span}
        options={spans.map((span) => ({ value: span, label: spanLabels()[span] }))}
        onChange={(span) => change({ span })}
      />
      {wish.span === 'between' && (
        <>
          <DayField label={t.from} value={wish.from} onChange={(from) => change({ from })} />
          <DayField label={t.upToAndWith} value={wish.to} onChange={(to) => change({ to })} />
        </>
      )}
      <label className={styles['refused']}>
        <input
          type="checkbox"
          checked={wish.refused}
          onChange={(event) => change({ refused: event.target.checked })}
        />
        {t.onlyWhatWasRefusedOrFailed}
      </label>
    </form>
  );
}

function DayField(props: { label: string; value: string; onChange(value: string): void }): ReactNode {
  return (
    <label className={styles['day']}>
      {props.label}
      <input type="date" value={props.value} onChange={(event) => props.onChange(event.target.value)} />
    </label>
  );
}
