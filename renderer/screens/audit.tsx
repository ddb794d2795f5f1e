import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { AuditEntry, AuditFilter, AuditVerdictShown } from '../../main/contract/audit-shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { audit as t } from '../texts/en/audit.ts';
import { locale } from '../texts/language.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { AuditFields, type AuditWish, anything, useAuditFilter } from './audit-filter.tsx';
import { type AuditPages, pageSize, useAuditPages } from './audit-pages.ts';
import styles from './audit.module.css';

/** The record of all that has happened: to look into, to check and to take along. */
export function Audit({ state }: { state: AppState }) {
  const [wish, setWish] = useState<AuditWish>(anything);
  const filter = useAuditFilter(wish);
  const pages = useAuditPages(filter);
  const titles = new Map(state.connections.map(({ name, title }) => [name, title]));
  const isNarrowed = Object.keys(filter).length > 0;
  return (
    <>
      <ScreenHeading>{t.audit}</ScreenHeading>
      <p className={styles['lead']}>{t.everySignInTokenLoginAnd}</p>
      <Whole path={state.audit.path} filter={filter} isNarrowed={isNarrowed} />
      <section className={styles['section']} aria-labelledby="records">
        <h2 id="records">{t.records}</h2>
        <AuditFields wish={wish} connections={state.connections} onChange={setWish} />
        <Records pages={pages} titles={titles} onClear={isNarrowed ? () => setWish(anything) : undefined} />
      </section>
    </>
  );
}

/** What is done with the audit as a whole. */
function Whole(props: { path: string; filter: AuditFilter; isNarrowed: boolean }) {
  const check = useAction();
  const save = useAction();
  const open = useAction();
  const announce = useAnnounce();
  const [verdict, setVerdict] = useState<AuditVerdictShown>();
  const [saved, setSaved] = useState<string>();

  async function verify(): Promise<void> {
    setVerdict(undefined);
    const done = await check.run('verifyAudit', {});
    if (done === undefined) return;
    setVerdict(done.reply);
    if (done.reply.ok) announce(done.reply.message);
  }

  async function exportRecords(): Promise<void> {
    setSaved(undefined);
    const done = await save.run('saveAudit', props.filter);
    const { path, records } = done?.reply ?? {};
    if (path === undefined || records === undefined) return;
    const text = t.recordsWrittenTo(records, path);
    setSaved(text);
    announce(text);
  }

  return (
    <section className={styles['section']} aria-label={t.theWholeRecord}>
      <div className={styles['buttons']}>
        <Button kind="primary" busy={check.busy} onClick={() => void verify()}>
          <Icon name="shield" size={18} />
          {check.busy ? t.checkingEveryRecord : t.checkTheChain}
        </Button>
        <Button busy={save.busy} onClick={() => void exportRecords()}>
          {props.isNarrowed ? t.exportTheseRecords : t.exportIt}
        </Button>
        <Button kind="quiet" busy={open.busy} onClick={() => void open.run('openAuditFolder', {})}>
          <Icon name="folder" size={18} />
          {t.openFolder}
        </Button>
      </div>
      {verdict !== undefined && <Verdict verdict={verdict} />}
      {saved !== undefined && (
        <p className={styles['good']}>
          <Icon name="check" size={18} />
          <Name>{saved}</Name>
        </p>
      )}
      <ProblemPanel problem={check.problem ?? save.problem ?? open.problem} />
      <p className={styles['path']}>
        <Name>{props.path}</Name>
      </p>
    </section>
  );
}

function Verdict({ verdict: { ok, message, remedy, breaks } }: { verdict: AuditVerdictShown }) {
  if (ok)
    return (
      <p className={styles['good']}>
        <Icon name="check" size={18} />
        <Name>{message}</Name>
      </p>
    );
  return (
    <>
      <ProblemPanel
        problem={{ code: 'audit-broken', message, ...(remedy === undefined ? {} : { remedy }) }}
      />
      <ul className={styles['breaks']} aria-label={t.placesWhereTheChainDoesNot}>
        {breaks.map(({ file, line, detail }) => (
          <li key={`${file} ${line} ${detail}`}>
            <strong>{t.line(file, line)}</strong> {detail}
          </li>
        ))}
      </ul>
    </>
  );
}

function Records(props: {
  pages: AuditPages;
  titles: Map<string, string>;
  /** Takes every filter away; absent where there is none. */
  onClear: (() => void) | undefined;
}) {
  const { pages, titles } = props;
  const { entries, state, problem } = pages;
  const list = useRef<HTMLOListElement>(null);
  const announce = useAnnounce();
  const summary = summaryOf(pages);

  useEffect(() => {
    if (state === 'done') announce(summary);
  }, [state, summary, announce]);
  // A new page begins at its top.
  const { number } = pages;
  const shownNumber = useRef(number);
  useEffect(() => {
    if (shownNumber.current !== number) list.current?.scrollIntoView({ block: 'nearest' });
    shownNumber.current = number;
  }, [number]);

  return (
    <>
      <ProblemPanel problem={problem} />
      {entries.length === 0 && state === 'done' && problem === undefined ? (
        <Empty icon="activity" title={t.noSuchRecords}>
          {props.onClear === undefined ? (
            t.nothingHasBeenWrittenDownYet
          ) : (
            <Button onClick={props.onClear}>{t.showAllRecords}</Button>
          )}
        </Empty>
      ) : (
        <ol ref={list} className={styles['records']} aria-label={t.recordsTheNewestFirst}>
          {entries.map((entry) => (
            <Record key={entry.seq} entry={entry} title={titles.get(entry.connection ?? '')} />
          ))}
        </ol>
      )}
      <div className={styles['foot']}>
        <span className={styles['summary']}>{summary}</span>
        <Turns pages={pages} />
      </div>
    </>
  );
}

function Turns({ pages }: { pages: AuditPages }): ReactNode {
  const { state, number, before } = pages;
  if (state === 'searching') return <Button onClick={pages.stop}>{common.stop}</Button>;
  return (
    <>
      {number > 1 && <Button onClick={pages.newer}>{t.newer}</Button>}
      {before !== undefined && (
        <Button onClick={pages.older}>{state === 'stopped' ? t.searchFurtherBack : t.older}</Button>
      )}
      <Button kind="quiet" onClick={pages.again}>
        {number > 1 ? t.toTheNewest : t.lookAgain}
      </Button>
    </>
  );
}

function summaryOf({ entries, state, searchedTo, number }: AuditPages): string {
  const back = searchedTo === undefined ? '' : t.backTo(when(searchedTo));
  if (state === 'searching') return t.searching(back);
  if (entries.length === 0) return state === 'stopped' ? t.nothingFound(back) : '';
  const count = t.found(entries.length);
  const page = number > 1 || entries.length === pageSize ? t.onPage(number) : '';
  return `${count}${page}${back}`;
}

function Record({ entry, title }: { entry: AuditEntry; title: string | undefined }) {
  const { seq, time, event, refused, who, connection, details } = entry;
  return (
    <li>
      <details className={styles['record']}>
        <summary>
          <time dateTime={time}>{when(time)}</time>
          <span className={refused ? styles['bad'] : styles['event']}>
            {refused && <Icon name="alert" size={14} />}
            {eventWords(event)}
          </span>
          <span className={styles['who']}>
            <Name>{who}</Name>
          </span>
          <span className={styles['where']}>
            {connection !== undefined && <Name>{title ?? connection}</Name>}
          </span>
        </summary>
        <dl>
          <dt>{t.record}</dt>
          <dd>{seq}</dd>
          {connection !== undefined && (
            <>
              <dt>{t.connection}</dt>
              <dd>
                <Name>{connection}</Name>
              </dd>
            </>
          )}
          {details.map(({ name, value }, index) => (
            <Detail key={`${index} ${name}`} name={name} value={value} />
          ))}
        </dl>
      </details>
    </li>
  );
}

function Detail({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <Name>{value}</Name>
      </dd>
    </>
  );
}

/** The names of the records are words already; what is short for the field is not for people. */
export function eventWords(event: string): string {
  const words = event.replaceAll('-', ' ').replace('mfa', t.secondFactor).replace('broker', 'Latchkey');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

function when(iso: string): string {
  return new Date(iso).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'medium' });
}
