import { useCallback, useEffect, useState } from 'react';
import type { AuditEntry, AuditFilter } from '../../main/contract/audit-shapes.ts';
import type { Problem } from '../../main/contract/errors.ts';
import { ask, useBridge } from '../bridge.ts';

/** On one page; no more of the audit is ever in the window. */
export const pageSize = 50;

interface Shown {
  entries: AuditEntry[];
  /** Where the next page begins. */
  before?: string | undefined;
  /** How far back a search has come that goes on. */
  searchedTo?: string | undefined;
  state: 'searching' | 'stopped' | 'done';
  problem?: Problem | undefined;
}

export interface AuditPages extends Shown {
  /** Counted from 1. */
  number: number;
  older(): void;
  newer(): void;
  /** The first page, as it is now. */
  again(): void;
  stop(): void;
}

const nothingYet: Shown = { entries: [], state: 'searching' };

interface Turn {
  filter: AuditFilter;
  /** Where the pages begin that come before this one, and this one. */
  places: readonly (string | undefined)[];
}

/**
 * A page of the records that are meant. A search is asked for piece by piece, as each answer looks through a part of the audit
 * only, until the page is full or the person stops it.
 */
export function useAuditPages(filter: AuditFilter): AuditPages {
  const bridge = useBridge();
  const [turn, setTurn] = useState<Turn>({ filter, places: [undefined] });
  const [found, setFound] = useState<{ turn: Turn; shown: Shown }>();
  const [stopped, setStopped] = useState<Turn>();
  // Another filter begins at its own first page.
  if (turn.filter !== filter) setTurn({ filter, places: [undefined] });
  const isStopped = stopped === turn;

  useEffect(() => {
    if (isStopped) return undefined;
    let isOver = false;
    async function fill(): Promise<void> {
      const entries: AuditEntry[] = [];
      let before = turn.places.at(-1);
      const show = (shown: Omit<Shown, 'entries'>): void =>
        setFound({ turn, shown: { entries: [...entries], ...shown } });
      for (;;) {
        const outcome = await ask(bridge, 'readAudit', {
          ...turn.filter,
          limit: pageSize - entries.length,
          ...(before === undefined ? {} : { before }),
        });
        if (isOver) return;
        if (!outcome.ok) {
          show({ state: 'done', problem: outcome.problem });
          return;
        }
        entries.push(...outcome.reply.entries);
        before = outcome.reply.before;
        const isFull = before === undefined || entries.length >= pageSize;
        show({ before, searchedTo: outcome.reply.backTo, state: isFull ? 'done' : 'searching' });
        if (isFull) return;
      }
    }
    void fill();
    return () => {
      isOver = true;
    };
  }, [bridge, turn, isStopped]);

  const shown = found?.turn === turn ? found.shown : nothingYet;
  const go = useCallback(
    (places: Turn['places']) => setTurn((last) => ({ filter: last.filter, places })),
    [],
  );
  return {
    ...shown,
    state: isStopped && shown.state === 'searching' ? 'stopped' : shown.state,
    number: turn.places.length,
    older: () => go([...turn.places, shown.before]),
    newer: () => go(turn.places.slice(0, -1)),
    again: () => go([undefined]),
    stop: () => setStopped(turn),
  };
}
