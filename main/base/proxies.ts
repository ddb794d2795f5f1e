import { BlockList, isIP } from 'node:net';

/**
 * The proxies that the environment names, as they are written in practice: without a scheme, with a password that has
 * characters of its own meaning in an address. What cannot be read is left out and named, and never ends a start.
 */
export interface Proxies {
  /** Address for http and https, or an empty text for none. */
  http: string;
  https: string;
  /** Names of the variables whose text is no address of a proxy. */
  ignored: string[];
}

type Environment = Record<string, string | undefined>;

export function readProxies(environment: Environment = process.env): Proxies {
  const ignored: string[] = [];
  /** The first of these variables that is set; an empty one turns the proxy off, as curl has it. */
  const from = (...names: string[]): string | undefined => {
    const name = names.find((each) => environment[each] !== undefined);
    const text = name === undefined ? undefined : environment[name]?.trim();
    if (name === undefined || text === undefined || text === '') return text;
    const address = proxyAddress(text);
    if (address === undefined && !ignored.includes(name)) ignored.push(name);
    return address?.href ?? '';
  };
  const all = from('all_proxy', 'ALL_PROXY') ?? '';
  const http = from('http_proxy', 'HTTP_PROXY') ?? all;
  return { http, https: from('https_proxy', 'HTTPS_PROXY') ?? (all === '' ? http : all), ignored };
}

/**
 * Whether NO_PROXY has a range of addresses (`10.0.0.0/8`) with this host in it, as curl and programs in Go read it. Names and
 * single addresses are undici's part; no name is looked up for a range.
 */
export function isInDirectRange(host: string, environment: Environment = process.env): boolean {
  const address = bareHost(host);
  const family = isIP(address);
  if (family === 0) return false;
  const list = environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
  return list.split(/[,\s]+/).some((entry) => {
    const [, net = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
    const bits = Number(length);
    if (isIP(bareHost(net)) !== family || bits > (family === 4 ? 32 : 128)) return false;
    const range = new BlockList();
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    range.addSubnet(bareHost(net), bits, kind);
    return range.check(address, kind);
  });
}

/** The login that the environment has for the proxy at this host and port. */
export function proxyLogin(
  { host, port }: { host: string; port: number },
  environment: Environment = process.env,
): { username: string; password: string } | undefined {
  const { http, https } = readProxies(environment);
  for (const text of [https, http]) {
    const url = URL.parse(text);
    if (url === null || url.username === '' || bareHost(url.hostname) !== bareHost(host)) continue;
    if (Number(url.port || (url.protocol === 'https:' ? 443 : 80)) !== port) continue;
    return { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  }
  return undefined;
}

const bareHost = (host: string): string => host.toLowerCase().replace(/^\[|\]$/g, '');

function proxyAddress(text: string): URL | undefined {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? [];
  const known = /^(https?|socks5?)$/i.test(scheme)
    ? scheme
    : /^socks5h$/i.test(scheme)
      ? 'socks5'
      : undefined;
  if (known === undefined) return undefined;
  // Whatever stands before the last "@" is the login, since a host has none; "/", "?" and "#" may be in it.
  const at = rest.lastIndexOf('@');
  const [user = '', ...password] = at < 0 ? [] : rest.slice(0, at).split(':');
  const login = at < 0 ? '' : `${encoded(user)}:${encoded(password.join(':'))}@`;
  const [place = ''] = rest.slice(at + 1).split(/[/?#]/);
  const url = /^[^\s@]+$/.test(place) ? URL.parse(`${known}://${login}${place}`) : null;
  return url === null || url.hostname === '' || url.port === '0' ? undefined : url;
}

/** Percent signs that already stand for a byte stay, unless the text does not decode with them. */
function encoded(text: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(text));
  } catch {
    return encodeURIComponent(text);
  }
}

/** Where the proxy is set that counts for this process. */
export interface ProxyPlace {
  platform: NodeJS.Platform;
  environment: Environment;
}

const here: ProxyPlace = { platform: process.platform, environment: process.env };

/**
 * What a person can do about a network failure; `host` may have words before it: `the authority …`. Chromium's names (`ERR_…`) tell that the desktop application has asked,
 * which takes its proxy from the system.
 * @param detail of a failed HttpOutcome
 */
export function networkFault(
  host: string,
  detail: string,
  place = here,
): { message: string; remedy: string } {
  const remedy = `${proxyRemedy(detail, place)} Then try again.`;
  if (detail === 'PROXY_407' || /^ERR_.*PROXY_AUTH/.test(detail)) {
    const message = `The proxy on the way to ${host} asks for a login (${detail}).`;
    return { message, remedy: `${loginRemedy(detail)} ${remedy}` };
  }
  if (/^PROXY_\d|PROXY|TUNNEL|UND_ERR_PRX/.test(detail))
    return { message: `The proxy does not open the way to ${host} (${detail}).`, remedy };
  // A bare name stays as it is written.
  const start = host.includes(' ') ? `${host.charAt(0).toUpperCase()}${host.slice(1)}` : host;
  return {
    message: `${start} cannot be reached (${detail}).`,
    remedy: `Check the network. ${remedy}`,
  };
}

const loginRemedy = (detail: string): string =>
  detail === 'PROXY_407'
    ? 'Put name and password into the address: HTTPS_PROXY=http://name:password@host:port.'
    : 'Only a login by name and password, or that of the system (Kerberos, NTLM), can be given; put the first into HTTPS_PROXY=http://name:password@host:port before Latchkey starts.';

function proxyRemedy(detail: string, { platform, environment }: ProxyPlace): string {
  const { ignored } = readProxies(environment);
  const wrong =
    ignored.length === 0 ? '' : `${ignored.join(' and ')} is no address of a proxy and was left out. `;
  return `${wrong}Where a proxy is needed, set it ${proxySetting(detail.startsWith('ERR_'), platform, environment)}.`;
}

/** Chromium asks GNOME and KDE, and then does not look at the variables; on other Linux desktops it knows only these. */
function proxySetting(isDesktop: boolean, platform: NodeJS.Platform, environment: Environment): string {
  if (!isDesktop) return 'in HTTPS_PROXY (http://host:port)';
  if (platform === 'win32') return 'in Windows under Settings, Network & internet, Proxy';
  if (platform === 'darwin') return 'in macOS under System Settings, Network, Proxies';
  const desktop = environment['XDG_CURRENT_DESKTOP'] ?? '';
  if (/GNOME|Unity|Cinnamon|Pantheon|Deepin|UKUI/i.test(desktop))
    return 'in Settings under Network, Proxy: this desktop has its own, and HTTPS_PROXY does not count';
  if (/KDE/i.test(desktop))
    return 'in System Settings under Proxy: this desktop has its own, and HTTPS_PROXY does not count';
  return 'in HTTPS_PROXY before Latchkey starts';
}
