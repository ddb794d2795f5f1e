import { z } from 'zod';
import { guidSchema } from './directory-schema.ts';
import { isStsErrorCode } from './sts-errors.ts';

export const endpointKinds = [
  'discovery',
  'keys',
  'devicecode',
  'token',
  'authorize',
  'verification',
  'graph',
  'graph_batch_item',
  'other',
] as const;
export type EndpointKind = (typeof endpointKinds)[number];

/** Where and how often a fault strikes. */
const scope = {
  /** `any` for all of them. */
  endpoint: z.enum([...endpointKinds, 'any']),
  /** Only requests with this grant_type; for the device grant `device_code` means both of its names. */
  grantType: z.string().optional(),
  /** Only requests whose path contains this text. */
  path: z.string().optional(),
  /** Only this tenant's requests at the authority. */
  tenantId: guidSchema.optional(),
  /** Lets so many matching requests pass first. */
  skip: z.number().int().min(0).default(0),
  /** Applies to so many requests, then goes away; without it, until it is cleared. */
  times: z.number().int().min(1).optional(),
};
const retryAfter = z.number().int().min(0).optional();

export const faultSchema = z.discriminatedUnion('type', [
  /** The token endpoint tells the client to poll less often (RFC 8628 section 3.5). */
  z.strictObject({ ...scope, type: z.literal('slow_down') }),
  /** The connection is cut without an answer. */
  z.strictObject({ ...scope, type: z.literal('reset') }),
  /** The request is read and never answered. */
  z.strictObject({ ...scope, type: z.literal('hang') }),
  /** 429, with Retry-After in seconds if given. */
  z.strictObject({ ...scope, type: z.literal('throttle'), retryAfter }),
  z.strictObject({
    ...scope,
    type: z.literal('server_error'),
    status: z.number().int().min(500).max(599).default(503),
    format: z.enum(['html', 'json', 'json_without_error']).default('html'),
    retryAfter,
  }),
  z.strictObject({
    ...scope,
    type: z.literal('latency'),
    milliseconds: z.number().int().min(0).max(600_000),
  }),
  /** Seconds by which the answer's times are wrong, its Date header included. */
  z.strictObject({ ...scope, type: z.literal('clock_skew'), seconds: z.number().int() }),
  /** Half of the body, with a matching length. */
  z.strictObject({ ...scope, type: z.literal('truncate') }),
  /** Leaves a field out of a JSON answer: `interval` or `expires_in`, say. */
  z.strictObject({ ...scope, type: z.literal('omit'), field: z.string().min(1) }),
  /** A refresh answers for somebody else. */
  z.strictObject({ ...scope, type: z.literal('another_user'), user: z.string().min(1) }),
  z.strictObject({
    ...scope,
    type: z.literal('error'),
    code: z.number().int().refine(isStsErrorCode, 'is no AADSTS number that the local tenant knows'),
    suberror: z.string().optional(),
    /** Sent as JSON text in `claims`. */
    claims: z.record(z.string(), z.unknown()).optional(),
  }),
  /** An error body of Graph. */
  z.strictObject({
    ...scope,
    type: z.literal('graph_error'),
    status: z.number().int().min(400).max(599),
    code: z.string().min(1),
  }),
]);

export type FaultInput = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema> & { id: number };

export interface FaultTarget {
  endpoint: EndpointKind;
  path: string;
  grantType: string | undefined;
  tenantId: string | undefined;
}

export interface Faults {
  /** Returns the fault's id. */
  add(fault: FaultInput): number;
  clear(id?: number): void;
  list(): Fault[];
  /** The faults that apply to a request; counts them down. */
  take(target: FaultTarget): Fault[];
}

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

export function createFaults(): Faults {
  let faults: Fault[] = [];
  let lastId = 0;
  return {
    add: (input) => {
      lastId += 1;
      faults.push({ ...faultSchema.parse(input), id: lastId });
      return lastId;
    },
    clear: (id) => {
      faults = id === undefined ? [] : faults.filter((fault) => fault.id !== id);
    },
    list: () => structuredClone(faults),
    take: (target) => {
      const taken: Fault[] = [];
      for (const fault of faults.filter((each) => matches(each, target))) {
        if (fault.skip > 0) {
          fault.skip -= 1;
          continue;
        }
        taken.push(fault);
        if (fault.times !== undefined) fault.times -= 1;
      }
      faults = faults.filter((fault) => fault.times !== 0);
      return taken;
    },
  };
}

function matches(fault: Fault, target: FaultTarget): boolean {
  if (fault.endpoint !== 'any' && fault.endpoint !== target.endpoint) return false;
  if (fault.tenantId !== undefined && fault.tenantId !== target.tenantId) return false;
  if (fault.path !== undefined && !target.path.includes(fault.path)) return false;
  if (fault.grantType === undefined) return true;
  const grant = target.grantType === deviceCodeGrant ? 'device_code' : target.grantType;
  return fault.grantType === grant || fault.grantType === target.grantType;
}
