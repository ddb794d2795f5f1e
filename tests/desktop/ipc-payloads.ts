import fc from 'fast-check';
import type { IpcAction } from '../../main/contract/actions.ts';

/**
 * What each action takes, written down once more by hand, since the schemas are what is being tested; and payloads of
 * which some fit, most nearly do, and the rest are anything.
 */
type Accepts = (value: unknown) => boolean;
type Shape = Record<string, Accepts>;

const isText =
  (shortest: number, longest: number): Accepts =>
  (value) =>
    typeof value === 'string' && value.length >= shortest && value.length <= longest;
const isName = isText(1, 100);
const isSecret = isText(1, 4096);
const isBoolean: Accepts = (value) => typeof value === 'boolean';
const isOneOf =
  (...members: unknown[]): Accepts =>
  (value) =>
    members.includes(value);
const optional =
  (accepts: Accepts): Accepts =>
  (value) =>
    value === undefined || accepts(value);
const isListOf =
  (accepts: Accepts, longest = Infinity): Accepts =>
  (value) =>
    Array.isArray(value) && value.length <= longest && value.every(accepts);
const isWay = isOneOf('device-code', 'browser');
const isNothing: Accepts = (payload) => payload === undefined;

const isShape =
  (required: Shape, others: Shape = {}): Accepts =>
  (payload) =>
    typeof payload === 'object' &&
    payload !== null &&
    !Array.isArray(payload) &&
    Object.entries(payload).every(([key, value]) => {
      const accepts = Object.hasOwn(required, key)
        ? required[key]
        : Object.hasOwn(others, key) && others[key];
      return typeof accepts === 'function' && accepts(value);
    }) &&
    Object.keys(required).every((key) => Object.hasOwn(payload, key));

const isId = isShape({ id: isText(0, 100) });
const isCode = isShape({ code: isName });
const isNamed = isShape({ name: isName });
const isConnect = isShape({ connection: isText(0, 100), tool: isText(0, 100) });

export const takes: Record<IpcAction, Accepts> = {
  getState: isNothing,
  signIn: isShape({}, { provider: optional(isName), way: optional(isWay) }),
  signInLocally: isShape({ username: isText(1, 200), password: isSecret, code: isName }),
  cancelSignIn: isNothing,
  signOut: isNothing,
  copyCode: isNothing,
  openVerificationPage: isNothing,
  copyToken: isShape({ connection: isText(0, 100) }, { role: optional(isText(0, 200)) }),
  copyCommand: isShape({ connection: isText(0, 100) }),
  revokeToken: isId,
  revokeAllTokens: isNothing,
  cutSession: isId,
  cutAllSessions: isNothing,
  copyHandle: isShape(
    { connection: isText(0, 100), tool: isText(1, 60) },
    { role: optional(isText(0, 200)) },
  ),
  revokeHandle: isId,
  allowClient: isShape({ id: isName, choice: isOneOf('once', 'hour', 'until-lock', 'always') }),
  connectTools: isShape({ connection: isText(0, 100) }),
  connectSettings: isConnect,
  copySetting: isShape({
    connection: isText(0, 100),
    tool: isText(0, 100),
    text: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100,
  }),
  writeSettings: isConnect,
  openTool: isConnect,
  openAuditFolder: isNothing,
  getPreferences: isNothing,
  setPreferences: isShape(
    {},
    { theme: optional(isOneOf('system', 'light', 'dark')), startAtLogin: optional(isBoolean) },
  ),
  enrolTotp: isShape({}, { code: optional(isName) }),
  confirmTotp: isCode,
  removeTotp: isCode,
  enrolPush: isShape({}, { code: optional(isName) }),
  confirmPush: isNothing,
  removePush: isCode,
  answerPrompt: isShape({ id: isName, code: isName }),
  askPhone: isId,
  denyPrompt: isId,
  saveProvider: isShape(
    { name: isName, type: isOneOf('azure-directory', 'local'), enabled: isBoolean },
    {
      cloud: optional(isOneOf('global', 'us-government', 'us-government-dod', 'china', 'local')),
      authority: optional(isText(0, 500)),
      applicationId: optional(isText(0, 100)),
      resource: optional(isText(0, 500)),
      domains: optional(isListOf(isText(0, 253), 200)),
      signIn: optional(isListOf(isWay)),
      redirectService: optional(isText(0, 500)),
      mailCodes: optional(isBoolean),
    },
  ),
  removeProvider: isNamed,
  setProviderEnabled: isShape({ name: isName, enabled: isBoolean }),
  setProviderSecret: isShape({ name: isName, secret: (value) => value === null || isSecret(value) }),
  validateProvider: isNamed,
  runDoctor: isNothing,
  quit: isNothing,
};

const samples: Partial<Record<IpcAction, Record<string, unknown>>> = {
  signIn: { provider: 'contoso', way: 'browser' },
  signInLocally: { username: 'root', password: 'correct horse', code: '123456' },
  copyToken: { connection: 'sales', role: 'sales_reader' },
  copyCommand: { connection: 'sales' },
  revokeToken: { id: 't1' },
  cutSession: { id: 's1' },
  copyHandle: { connection: 'sales', role: 'sales_reader', tool: 'DBeaver' },
  revokeHandle: { id: 'h1' },
  allowClient: { id: 'p1', choice: 'until-lock' },
  connectTools: { connection: 'sales' },
  connectSettings: { connection: 'sales', tool: 'dbeaver' },
  copySetting: { connection: 'sales', tool: 'dbeaver', text: 1 },
  writeSettings: { connection: 'sales', tool: 'dbeaver' },
  openTool: { connection: 'sales', tool: 'dbeaver' },
  setPreferences: { theme: 'dark', startAtLogin: true },
  enrolTotp: { code: '123456' },
  confirmTotp: { code: '123456' },
  removeTotp: { code: '123456' },
  enrolPush: { code: '123456' },
  removePush: { code: '123456' },
  answerPrompt: { id: 'p1', code: '123456' },
  askPhone: { id: 'p1' },
  denyPrompt: { id: 'p1' },
  saveProvider: {
    name: 'contoso',
    type: 'azure-directory',
    enabled: true,
    cloud: 'china',
    authority: 'https://login.partner.microsoftonline.cn/contoso.example',
    applicationId: '3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90',
    resource: 'https://microsoftgraph.chinacloudapi.cn',
    domains: ['contoso.example'],
    signIn: ['browser', 'device-code'],
    redirectService: 'https://relay.contoso.example',
    mailCodes: false,
  },
  removeProvider: { name: 'contoso' },
  setProviderEnabled: { name: 'contoso', enabled: false },
  setProviderSecret: { name: 'contoso', secret: 'application secret' },
  validateProvider: { name: 'contoso' },
};

/** A request that fits. */
export const sampleRequest = (action: IpcAction): unknown => samples[action];

const lengths = [0, 1, 60, 61, 99, 100, 101, 200, 201, 253, 254, 500, 501, 4096, 4097];
const word = fc.oneof(
  fc.constantFrom(
    'sales',
    'system',
    'browser',
    'local',
    'always',
    '__proto__',
    ...lengths.map((length) => 'a'.repeat(length)),
  ),
  fc.string({ maxLength: 8 }),
);
const value = fc.oneof(
  word,
  fc.boolean(),
  fc.constant(undefined),
  fc.constant(null),
  fc.integer(),
  fc.constantFrom(-1, 0, 1, 0.5, 100, 101),
  fc.array(word, { maxLength: 2 }),
  fc.constantFrom(
    Array.from({ length: 200 }, () => 'a.b'),
    Array.from({ length: 201 }, () => 'a.b'),
  ),
);
const keys = [...new Set(Object.values(samples).flatMap((sample) => Object.keys(sample))), 'extra'];
/** The right keys with other values, or one key more, which plain random values would never be. */
const anyKeys = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 3 });

/** A request that fits, with up to two of its keys changed, taken away or added. */
function nearMiss(sample: Record<string, unknown>): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.constantFrom(...Object.keys(sample), 'extra');
  const change = fc.record({ key, gone: fc.boolean(), value });
  return fc.array(change, { maxLength: 2 }).map((changes) => {
    const payload = { ...sample };
    for (const { key, gone, value } of changes) {
      if (gone) delete payload[key];
      else payload[key] = value;
    }
    return payload;
  });
}

export function payloadsFor(action: IpcAction, count: number): unknown[] {
  const anything = fc.anything({ withMap: true, withSet: true, withDate: true, withTypedArray: true });
  const sample = samples[action];
  return fc.sample(
    sample === undefined ? fc.oneof(anyKeys, anything) : fc.oneof(nearMiss(sample), anyKeys, anything),
    count,
  );
}
