import { cloudAddresses, type MicrosoftCloud } from '../contract/clouds.ts';

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
 * Microsoft's clouds. Verification pages are those that the clouds have
 * handed out so far. On the sign-in hosts every path is Microsoft's sign-in; www.microsoft.com carries much else, so
 * there only the device page counts. The short links of aka.ms are left out: where they lead is not visible in them.
 */
export const clouds: Record<MicrosoftCloud, Cloud> = {
  global: {
    ...cloudAddresses.global,
    verificationPages: [
      { host: 'microsoft.com', path: '/devicelogin' },
      { host: 'www.microsoft.com', path: '/devicelogin' },
      { host: 'login.microsoft.com', path: anyPath },
      { host: 'login.microsoftonline.com', path: anyPath },
    ],
  },
  'us-government': {
    ...cloudAddresses['us-government'],
    verificationPages: governmentPages(),
  },
  'us-government-dod': {
    ...cloudAddresses['us-government-dod'],
    verificationPages: governmentPages(),
  },
  china: {
    ...cloudAddresses.china,
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
