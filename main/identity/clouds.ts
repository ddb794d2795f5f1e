import type { CloudName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';

/** A page where a device code may be entered: the exact https host and what its path must begin with. */
export interface VerificationPage {
  host: string;
  path: string;
}

export interface Cloud {
  /** Origin of the authority. */
  login: string;
  /** Origin of Microsoft Graph, and the resource that its scopes are named after. */
  graph: string;
  verificationPages: readonly VerificationPage[];
}

const anyPath = '/';

/**
 * Microsoft's clouds (learn.microsoft.com/graph/deployments). Verification pages are those that the clouds have
 * handed out so far. On the sign-in hosts every path is Microsoft's sign-in; www.microsoft.com carries much else, so
 * there only the device page counts. The short links of aka.ms are left out: where they lead is not visible in them.
 */
export const clouds: Record<Exclude<CloudName, 'local'>, Cloud> = {
  global: {
    login: 'https://login.microsoftonline.com',
    graph: 'https://graph.microsoft.com',
    verificationPages: [
      { host: 'microsoft.com', path: '/devicelogin' },
      { host: 'www.microsoft.com', path: '/devicelogin' },
      { host: 'login.microsoft.com', path: anyPath },
      { host: 'login.microsoftonline.com', path: anyPath },
    ],
  },
  'us-government': {
    login: 'https://login.microsoftonline.us',
    graph: 'https://graph.microsoft.us',
    verificationPages: governmentPages(),
  },
  'us-government-dod': {
    login: 'https://login.microsoftonline.us',
    graph: 'https://dod-graph.microsoft.us',
    verificationPages: governmentPages(),
  },
  china: {
    login: 'https://login.partner.microsoftonline.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    verificationPages: [
      { host: 'microsoft.com', path: '/deviceloginchina' },
      { host: 'www.microsoft.com', path: '/deviceloginchina' },
      { host: 'login.partner.microsoftonline.cn', path: anyPath },
      { host: 'login.microsoftonline.cn', path: anyPath },
    ],
  },
};

function governmentPages(): VerificationPage[] {
  return [
    { host: 'microsoft.com', path: '/deviceloginus' },
    { host: 'www.microsoft.com', path: '/deviceloginus' },
    { host: 'login.microsoftonline.us', path: anyPath },
  ];
}

/**
 * Origin of Microsoft Graph in a cloud.
 * @throws LatchkeyError `config-invalid` for `local`, whose Graph only the configuration knows
 */
export function graphOrigin(cloud: CloudName): string {
  if (cloud !== 'local') return clouds[cloud].graph;
  throw new LatchkeyError('config-invalid', 'A local tenant has no Graph address of its own.', {
    remedy: 'Put the address that the local tenant printed into "resource".',
  });
}

/** The local tenant: authority and Graph are where it says, and codes are entered on the authority itself. */
export function localCloud(login: string, graph: string): Cloud {
  return { login, graph, verificationPages: [{ host: new URL(login).host, path: anyPath }] };
}

/**
 * Whether a person may be sent to `uri` with a code: https, host and port exactly as listed, no user part, no query
 * and no fragment.
 */
export function isVerificationPage(uri: string, pages: readonly VerificationPage[]): boolean {
  if (!URL.canParse(uri)) return false;
  const url = new URL(uri);
  if (url.protocol !== 'https:' || url.username !== '' || url.password !== '') return false;
  if (url.search !== '' || url.hash !== '') return false;
  return pages.some(({ host, path }) => {
    if (url.host !== host) return false;
    return path === anyPath || url.pathname === path || url.pathname.startsWith(`${path}/`);
  });
}
