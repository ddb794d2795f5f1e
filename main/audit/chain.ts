import { decodeLink, type ChainEnd, type Link } from './record-line.ts';

/** The first line at which something is wrong, and what. */
export interface ChainBreak {
  file: string;
  /** Counted from 1. */
  line: number;
  /**
   * `edited`: the line is not what was written. `missing`: records before this line are gone. `misplaced`: the line
   * was inserted, repeated or moved. `cut-off`: records at the end are gone. `anchor-missing`, `anchor-forged`: the
   * note of the last record is gone, or is not one that this installation wrote. `checkpoint-forged`: the same of the
   * note that says where the chain goes on after files were taken away.
   */
  reason:
    'edited' | 'missing' | 'misplaced' | 'cut-off' | 'anchor-missing' | 'anchor-forged' | 'checkpoint-forged';
  /** For people. */
  detail: string;
}

interface Place {
  file: string;
  line: number;
}

interface Known extends ChainEnd {
  place: Place | undefined;
  /** Where the record is that follows it; undefined as long as none does. */
  next: Place | undefined;
}

/** How many records back, at least, a moved or inserted line is recognised as such; further back it shows as more breaks. */
const memory = 5000;

/** A file full of rubbish must not fill the memory as well. */
const mostBreaks = 1000;

/**
 * Follows the chain line by line and keeps going after a break, so that one edit is one break and what comes after
 * it is still checked. Only the reason is a judgement: nothing is passed over without a break.
 *
 * @param start what the first record must follow; undefined to take the first one as it is
 */
export function createChainCheck(start: ChainEnd | undefined) {
  // Two generations: dropping a Map's oldest key one at a time gets slower the more have been dropped.
  let known = new Map<string, Known>();
  let knownBefore = new Map<string, Known>();
  const breaks: ChainBreak[] = [];
  const reported = new Set<string>();
  const forks = new Map<string, { at: ChainBreak; first: Place }>();
  const gaps: { from: number; to: number; at: ChainBreak }[] = [];
  let tip: Known | undefined;
  let highest: ChainEnd | undefined = start;
  /** Undecodable lines since the tip; each may have been a record that followed it. */
  let damaged = 0;
  let damages: ChainBreak[] = [];

  /** As long as each record has followed the one before, nothing is looked up, and a list is quicker than a map. */
  let inOrder: Known[] | undefined = [];
  let inOrderBefore: Known[] = [];

  function find(hash: string): Known | undefined {
    if (inOrder !== undefined) {
      knownBefore = new Map(inOrderBefore.map((each) => [each.hash, each]));
      known = new Map(inOrder.map((each) => [each.hash, each]));
      inOrder = undefined;
      inOrderBefore = [];
    }
    return known.get(hash) ?? knownBefore.get(hash);
  }

  function remember(end: ChainEnd, place: Place | undefined): void {
    tip = { seq: end.seq, hash: end.hash, place, next: undefined };
    if (inOrder !== undefined) {
      inOrder.push(tip);
      if (inOrder.length >= memory) {
        inOrderBefore = inOrder;
        inOrder = [];
      }
    } else known.set(end.hash, tip);
    if (known.size >= memory) {
      knownBefore = known;
      known = new Map();
    }
    damaged = 0;
    if (damages.length > 0) damages = [];
    if (highest === undefined || end.seq >= highest.seq) highest = { seq: end.seq, hash: end.hash };
  }
  if (start !== undefined) remember(start, undefined);

  function report(place: Place | undefined, reason: ChainBreak['reason'], detail: string): ChainBreak {
    const found = { file: place?.file ?? '', line: place?.line ?? 0, reason, detail };
    const key = `${found.line} ${found.file}`;
    if (breaks.length < mostBreaks && !reported.has(key)) {
      reported.add(key);
      breaks.push(found);
    }
    return found;
  }

  function follow(record: Link, place: Place): void {
    const parent = find(record.prev);
    if (parent !== undefined && record.seq === parent.seq + 1) {
      // Of two that follow the same record, the one that nothing follows was put in: the later one, until we know.
      const fork = forks.get(parent.hash);
      if (fork !== undefined) Object.assign(fork.at, fork.first);
      if (parent.next !== undefined) {
        const at = report(place, 'misplaced', `Two lines claim to be record ${record.seq}.`);
        forks.set(record.hash, { at, first: parent.next });
      }
      parent.next = place;
      if (parent === tip) for (const each of damages) each.reason = 'misplaced';
      for (const gap of gaps) if (record.seq >= gap.from && record.seq <= gap.to) gap.at.reason = 'misplaced';
      return;
    }
    if (tip === undefined) return;
    const next = tip.seq + 1;
    const gap = gaps.find(({ from, to }) => record.seq >= from && record.seq <= to);
    if (record.seq > next + damaged) {
      const from = next + damaged;
      const which =
        record.seq - 1 === from ? `Record ${from} is` : `Records ${from} to ${record.seq - 1} are`;
      const at = report(place, 'missing', `${which} missing before this line.`);
      if (gaps.length < mostBreaks) gaps.push({ from, to: record.seq - 1, at });
    } else if (record.seq === next && damaged === 0) {
      report(tip.place ?? place, 'edited', `Record ${record.seq} follows another line than this one.`);
    } else if (gap !== undefined) {
      gap.at.reason = 'misplaced';
    } else if (record.seq < next || damaged === 0) {
      report(place, 'misplaced', `Record ${record.seq} does not belong after record ${tip.seq}.`);
    }
  }

  return {
    /** The first thousand, in the order in which they were found. */
    breaks: breaks as readonly ChainBreak[],
    /** The record with the highest number; undefined before the first one where there was no start. */
    end: (): ChainEnd | undefined => highest,
    /** Takes the next line (without its newline). Returns its record, or undefined where it is none. */
    next(bytes: Buffer, place: Place): Link | undefined {
      const record = decodeLink(bytes);
      if (record === undefined) {
        damaged += 1;
        const at = report(place, 'edited', 'The line does not match its own hash.');
        if (damages.length < mostBreaks) damages.push(at);
        return undefined;
      }
      const followsTip = record.prev === tip?.hash && record.seq === tip.seq + 1;
      if (inOrder !== undefined && damaged === 0 && followsTip) {
        if (tip !== undefined) tip.next = place;
        remember(record, place);
        return record;
      }
      if (find(record.hash) !== undefined) {
        report(place, 'misplaced', `Record ${record.seq} is here a second time.`);
        return record;
      }
      follow(record, place);
      remember(record, place);
      return record;
    },
  };
}
