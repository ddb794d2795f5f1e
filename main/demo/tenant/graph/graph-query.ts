import { randomUUID } from 'node:crypto';
import { graphRefusal, unsupportedQuery } from './graph-errors.ts';
import { headerOf, type Incoming } from '../http.ts';

/** A directory object as Graph shows it. */
export type GraphObject = Record<string, unknown> & { id: string };

const defaultPageSize = 100;
const maxPageSize = 999;
const maxOpenLists = 1000;

export interface Pager {
  /**
   * One page of a list, with `@odata.nextLink` while there is more. The list is fixed when its first page is asked
   * for; the link holds nothing but a random id and serves the same caller only.
   */
  page(request: Incoming, callerKey: string, list: () => GraphObject[]): Record<string, unknown>;
}

interface OpenList {
  callerKey: string;
  path: string;
  objects: GraphObject[];
  offset: number;
}

export function createPager(origin: string): Pager {
  const openLists = new Map<string, OpenList>();
  return {
    page: (request, callerKey, list) => {
      const { searchParams, pathname } = request.url;
      const size = pageSize(searchParams.get('$top'));
      const skipToken = searchParams.get('$skiptoken');
      const known = skipToken === null ? undefined : openLists.get(skipToken);
      if (skipToken !== null && (known?.callerKey !== callerKey || known.path !== pathname)) {
        throw graphRefusal(400, 'Directory_ExpiredPageToken', 'The specified page token value is not valid.');
      }
      const objects = known?.objects ?? list();
      const offset = known?.offset ?? 0;
      const body: Record<string, unknown> = {};
      if (skipToken === null && searchParams.get('$count') === 'true') body['@odata.count'] = objects.length;
      if (offset + size < objects.length) {
        const id = randomUUID();
        const [oldest] = openLists.keys();
        if (oldest !== undefined && openLists.size >= maxOpenLists) openLists.delete(oldest);
        openLists.set(id, { callerKey, path: pathname, objects, offset: offset + size });
        const next = new URL(request.url.href);
        next.searchParams.set('$skiptoken', id);
        body['@odata.nextLink'] = `${origin}${pathname}${next.search}`;
      }
      body['value'] = objects.slice(offset, offset + size);
      return body;
    },
  };
}

function pageSize(top: string | null): number {
  if (top === null) return defaultPageSize;
  const size = Number(top);
  if (Number.isInteger(size) && size >= 1 && size <= maxPageSize) return size;
  const message = `Invalid page size specified: '${top}'. Must be between 1 and ${maxPageSize} inclusive.`;
  throw graphRefusal(400, 'Request_UnsupportedQuery', message);
}

/** Advanced queries are answered only with `ConsistencyLevel: eventual` and `$count=true`. */
export function requireAdvanced(request: Incoming, needsCount: boolean): void {
  const isEventual = headerOf(request, 'consistencylevel')?.toLowerCase() === 'eventual';
  const hasCount = request.url.searchParams.get('$count') === 'true';
  if (isEventual && (hasCount || !needsCount)) return;
  throw unsupportedQuery(
    "The query needs the header 'ConsistencyLevel' with the value 'eventual' and the parameter $count=true.",
  );
}

/** Applies $filter, $search, $orderby and $select; `defaultProperties` stands for a missing $select. */
export function applyQuery(
  request: Incoming,
  objects: GraphObject[],
  defaultProperties?: string,
): GraphObject[] {
  const { searchParams } = request.url;
  const filter = searchParams.get('$filter');
  const search = searchParams.get('$search');
  const orderBy = searchParams.get('$orderby');
  const properties = searchParams.get('$select') ?? defaultProperties ?? null;
  let result = objects;
  if (filter !== null) result = result.filter(parseFilter(filter));
  if (search !== null) result = result.filter(parseSearch(search));
  if (orderBy !== null) result = sorted(result, orderBy);
  return result.map((object) => select(properties, object));
}

/** Keeps the selected properties; id and annotations always stay. */
export function select(properties: string | null, object: GraphObject): GraphObject {
  if (properties === null) return object;
  const wanted = new Set(['id', ...properties.split(',').map((property) => property.trim())]);
  const known = Object.entries(object).filter(([name]) => name.startsWith('@') || wanted.has(name));
  return { ...Object.fromEntries(known), id: object.id };
}

/** The comparisons that clients of a directory use; every other one is refused rather than answered wrongly. */
function parseFilter(filter: string): (object: GraphObject) => boolean {
  const equals = filter.match(/^(\w+) eq (?:'((?:[^']|'')*)'|(true|false))$/);
  if (equals !== null) {
    const [, property = '', text, flag] = equals;
    if (flag !== undefined) return (object) => object[property] === (flag === 'true');
    const wanted = unquote(text ?? '');
    return (object) => String(object[property] ?? '').toLowerCase() === wanted;
  }
  const starts = filter.match(/^startswith\((\w+), ?'((?:[^']|'')*)'\)$/i);
  if (starts !== null) {
    const [, property = '', text = ''] = starts;
    return (object) =>
      String(object[property] ?? '')
        .toLowerCase()
        .startsWith(unquote(text));
  }
  const listed = filter.match(/^(\w+) in \(((?:'(?:[^']|'')*',? ?)+)\)$/);
  if (listed !== null) {
    const [, property = '', list = ''] = listed;
    const wanted = [...list.matchAll(/'((?:[^']|'')*)'/g)].map(([, text = '']) => unquote(text));
    return (object) => wanted.includes(String(object[property] ?? '').toLowerCase());
  }
  throw graphRefusal(
    400,
    'Request_UnsupportedQuery',
    `Unsupported or invalid query filter clause: ${filter}`,
  );
}

function unquote(text: string): string {
  return text.replaceAll("''", "'").toLowerCase();
}

function parseSearch(search: string): (object: GraphObject) => boolean {
  const match = search.match(/^"(\w+):(.+)"$/);
  if (match === null)
    throw graphRefusal(400, 'Request_BadRequest', `Syntax error in the $search value ${search}`);
  const [, property = '', text = ''] = match;
  const wanted = text.toLowerCase();
  return (object) =>
    String(object[property] ?? '')
      .toLowerCase()
      .split(/\s+/)
      .some((word) => word.startsWith(wanted));
}

function sorted(objects: GraphObject[], orderBy: string): GraphObject[] {
  const match = orderBy.match(/^(displayName|userPrincipalName)(?: (asc|desc))?$/);
  if (match === null) throw unsupportedQuery(`Sorting by ${orderBy} is not supported.`);
  const [, property = '', direction] = match;
  const factor = direction === 'desc' ? -1 : 1;
  const textOf = (object: GraphObject): string => String(object[property] ?? '');
  return objects.toSorted((a, b) => factor * textOf(a).localeCompare(textOf(b)));
}
