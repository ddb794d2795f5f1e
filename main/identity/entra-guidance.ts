import type { ErrorCode } from '../contract/errors.ts';

/** What a person is told when Entra ID answers with a number, and what to do about it. */
export interface Guidance {
  code: ErrorCode;
  message: string;
  remedy: string;
  /** The same for a sign-in through the browser, where the sentences above speak of the device code. */
  browser?: { message: string; remedy: string };
}

const registration = 'In the Entra admin center open Entra ID > App registrations > your application';
const enterprise = 'In the Entra admin center open Entra ID > Enterprise apps > your application';
const conditionalAccess = 'Entra ID > Conditional Access > Policies';
const signInLogs = 'Entra ID > Monitoring & health > Sign-in logs';
const again = 'Sign in again.';
const managedBrowser = `Sign in on a managed computer, in a browser that tells the tenant about it (Edge, or one with the Microsoft single sign-on extension), or ask an administrator to look at ${conditionalAccess}.`;
const managedDevice = `Sign in through the browser on a managed device, or ask an administrator to look at ${conditionalAccess}.`;
const seePolicy = `An administrator sees the policy under ${signInLogs} > the sign-in > Conditional Access, and changes it under ${conditionalAccess}.`;

/**
 * By AADSTS number (learn.microsoft.com/entra/identity-platform/reference-error-codes). Where the remedy is the
 * administrator's it says what to click. Texts of the server are not shown: they name people, and change.
 */
export const entraGuidance: Readonly<Record<number, Guidance>> = {
  16000: {
    code: 'sign-in-required',
    message: 'Entra ID cannot tell which of several accounts is meant.',
    remedy: 'Sign in again and pick the account on the page.',
  },
  50011: {
    code: 'sign-in-refused',
    message: 'The registration of the application does not have the redirect address of the browser sign-in.',
    remedy: `${registration} > Authentication > Add a platform > Mobile and desktop applications, and add http://localhost.`,
  },
  50020: {
    code: 'wrong-tenant',
    message: 'The account belongs to another tenant and is no guest of this one.',
    remedy:
      'Sign in with an account of this tenant, or ask an administrator to invite this one (Entra ID > Users > New user > Invite external user).',
  },
  50034: {
    code: 'account-disabled',
    message: 'The account does not exist in this tenant.',
    remedy: 'Check the account name; an administrator finds it under Entra ID > Users.',
  },
  50053: {
    code: 'sign-in-refused',
    message: 'The account is locked because of too many wrong tries.',
    remedy: 'Wait some minutes and sign in again, or ask an administrator to reset the password.',
  },
  50055: {
    code: 'sign-in-refused',
    message: 'The password of the account has expired.',
    remedy: 'Change the password in the browser and sign in again.',
  },
  50057: {
    code: 'account-disabled',
    message: 'The account is disabled.',
    remedy:
      'Ask an administrator to enable it: Entra ID > Users > the account > Edit properties > Settings > Account enabled.',
  },
  50072: {
    code: 'sign-in-required',
    message: 'The account has to be enrolled in multifactor authentication first.',
    remedy: 'Sign in again and follow the enrolment in the browser.',
  },
  50074: {
    code: 'sign-in-required',
    message: 'The tenant asks for multifactor authentication.',
    remedy: 'Sign in again and confirm with the second factor.',
  },
  50076: {
    code: 'sign-in-required',
    message: 'The tenant asks for multifactor authentication.',
    remedy: 'Sign in again and confirm with the second factor.',
  },
  50079: {
    code: 'sign-in-required',
    message: 'The account has to be enrolled in multifactor authentication first.',
    remedy: 'Sign in again and follow the enrolment in the browser.',
  },
  50097: {
    code: 'sign-in-blocked',
    message: 'The tenant asks the device to identify itself, which a device code cannot do.',
    remedy: managedDevice,
    browser: {
      message: 'The tenant asks the device to identify itself, and this browser did not do it.',
      remedy: managedBrowser,
    },
  },
  50105: {
    code: 'sign-in-refused',
    message: 'The account is not assigned to the application.',
    remedy: `${enterprise} > Users and groups > Add user/group, and add the person or a group of theirs.`,
  },
  50126: {
    code: 'sign-in-refused',
    message: 'The user name or the password was wrong.',
    remedy: 'Sign in again with the right ones.',
  },
  50129: {
    code: 'sign-in-blocked',
    message: 'Conditional Access asks for a registered device, and a device code cannot prove one.',
    remedy: managedDevice,
    browser: {
      message: 'Conditional Access asks for a device that is registered in the tenant.',
      remedy: managedBrowser,
    },
  },
  50158: {
    code: 'sign-in-required',
    message: 'Another service has to confirm the sign-in first.',
    remedy: 'Sign in again and follow the steps in the browser.',
  },
  50173: {
    code: 'sign-in-required',
    message: 'The sign-in was revoked, for example because the password changed.',
    remedy: again,
  },
  50194: {
    code: 'authority-invalid',
    message: 'The application belongs to one tenant, but the authority names a shared endpoint.',
    remedy: 'Put the id or domain of the tenant into "authority" instead of common or organizations.',
  },
  53000: {
    code: 'sign-in-blocked',
    message: 'Conditional Access asks for a compliant device, and a device code cannot prove one.',
    remedy: managedDevice,
    browser: {
      message:
        'Conditional Access asks for a compliant device, and this one is not, or the browser hides it.',
      remedy: managedBrowser,
    },
  },
  53001: {
    code: 'sign-in-blocked',
    message: 'Conditional Access asks for a device that has joined the organisation.',
    remedy: managedDevice,
    browser: {
      message: 'Conditional Access asks for a device that has joined the organisation.',
      remedy: managedBrowser,
    },
  },
  53003: {
    code: 'sign-in-blocked',
    message: 'A Conditional Access policy blocks this sign-in; often it forbids device codes as such.',
    remedy: `Sign in through the browser instead. ${seePolicy.replace(/\.$/, '')} (condition "Authentication flows").`,
    browser: { message: 'A Conditional Access policy blocks this sign-in.', remedy: seePolicy },
  },
  54005: {
    code: 'code-expired',
    message: 'The code has already been used.',
    remedy: 'Start the sign-in again to get a new code.',
  },
  65001: {
    code: 'sign-in-refused',
    message: 'Nobody has consented to the permissions that the application asks for.',
    remedy: `${registration} > API permissions, add User.Read and GroupMember.Read.All (Microsoft Graph, delegated), then click "Grant admin consent".`,
  },
  65004: {
    code: 'sign-in-declined',
    message: 'The sign-in was declined on the page.',
    remedy: 'Start the sign-in again and accept it, if it was you who started it.',
  },
  70008: {
    code: 'sign-in-required',
    message: 'The sign-in has expired.',
    remedy: again,
  },
  70011: {
    code: 'sign-in-refused',
    message: 'The authority does not know a permission that was asked for.',
    remedy: 'Check that "cloud" and "resource" of the provider fit the tenant.',
  },
  70016: {
    code: 'sign-in-required',
    message: 'The code has not been used yet.',
    remedy: 'Enter the code on the page shown and finish the sign-in there.',
  },
  70018: {
    code: 'code-expired',
    message: 'The authority does not know the code (any more).',
    remedy: 'Start the sign-in again to get a new code.',
  },
  70020: {
    code: 'code-expired',
    message: 'The code has expired.',
    remedy: 'Start the sign-in again and enter the new code within its time.',
  },
  70043: {
    code: 'sign-in-required',
    message: 'The sign-in is older than the tenant allows (sign-in frequency).',
    remedy: again,
  },
  90002: {
    code: 'tenant-unknown',
    message: 'There is no such tenant in this cloud.',
    remedy:
      'Check the tenant in "authority" and the "cloud" of the provider; Entra ID > Overview in the Entra admin center shows the tenant id.',
  },
  90024: {
    code: 'authority-unreachable',
    message: 'Entra ID could not answer just now.',
    remedy: 'Try again in some minutes; nothing has to be changed here.',
  },
  90033: {
    code: 'authority-unreachable',
    message: 'Entra ID could not answer just now.',
    remedy: 'Try again in some minutes; nothing has to be changed here.',
  },
  90094: {
    code: 'sign-in-refused',
    message: 'The permissions that the application asks for need the consent of an administrator.',
    remedy: `${registration} > API permissions, and click "Grant admin consent".`,
  },
  501481: {
    code: 'sign-in-refused',
    message: 'The answer that came from the browser does not belong to this sign-in.',
    remedy: 'Start the sign-in again, and use only the page that Latchkey opens.',
  },
  530003: {
    code: 'sign-in-blocked',
    message: 'Conditional Access asks for a managed device, and a device code cannot prove one.',
    remedy: managedDevice,
    browser: { message: 'Conditional Access asks for a managed device.', remedy: managedBrowser },
  },
  530032: {
    code: 'sign-in-blocked',
    message: 'A security policy of the tenant blocks this sign-in.',
    remedy: `Sign in through the browser instead. ${seePolicy}`,
    browser: { message: 'A security policy of the tenant blocks this sign-in.', remedy: seePolicy },
  },
  530033: {
    code: 'sign-in-blocked',
    message: 'A Conditional Access policy about devices blocks sign-in by device code.',
    remedy: managedDevice,
    browser: {
      message: 'A Conditional Access policy about devices blocks this sign-in.',
      remedy: managedBrowser,
    },
  },
  900023: {
    code: 'tenant-unknown',
    message: 'The tenant in the authority is neither an id nor a domain.',
    remedy: 'Check the tenant in "authority"; Entra ID > Overview in the Entra admin center shows its id.',
  },
  500011: {
    code: 'sign-in-refused',
    message: 'The resource that the token is for does not exist in the tenant.',
    remedy: 'Check that "cloud" and "resource" of the provider fit the tenant.',
  },
  500341: {
    code: 'account-disabled',
    message: 'The account has been deleted from the tenant.',
    remedy: 'Sign in with another account, or ask an administrator under Entra ID > Users > Deleted users.',
  },
  530035: {
    code: 'sign-in-blocked',
    message: 'The security defaults of the tenant block this sign-in.',
    remedy:
      'Sign in through the browser instead, or ask an administrator (Entra ID > Overview > Properties).',
    browser: {
      message: 'The security defaults of the tenant block this sign-in.',
      remedy: 'Ask an administrator to look at Entra ID > Overview > Properties > Manage security defaults.',
    },
  },
  530036: {
    code: 'sign-in-blocked',
    message: 'A Conditional Access policy does not allow sign-in by device code.',
    remedy: `Sign in through the browser instead, or ask an administrator to look at ${conditionalAccess} (condition "Authentication flows").`,
    browser: {
      message: 'A Conditional Access policy does not allow this way to sign in.',
      remedy: seePolicy,
    },
  },
  700016: {
    code: 'application-unknown',
    message: 'The tenant has no application with this id.',
    remedy: `Compare "applicationId" with the portal: ${registration} > Overview > Application (client) ID; check the tenant as well.`,
  },
  700081: {
    code: 'sign-in-required',
    message: 'The sign-in has reached its greatest age.',
    remedy: again,
  },
  700082: {
    code: 'sign-in-required',
    message: 'The sign-in expired because it was not used for a long time.',
    remedy: again,
  },
  7000112: {
    code: 'sign-in-refused',
    message: 'The application is disabled in the tenant.',
    remedy: `${enterprise} > Properties, and set "Enabled for users to sign-in?" to Yes.`,
  },
  7000215: {
    code: 'sign-in-refused',
    message: 'The secret of the application is wrong.',
    remedy: `${registration} > Certificates & secrets > New client secret, and store its value (not its id).`,
  },
  7000218: {
    code: 'sign-in-refused',
    message: 'The application may not sign in without a secret: public client flows are off.',
    remedy: `${registration} > Authentication > Settings (or Advanced settings), and set "Allow public client flows" to Yes.`,
    browser: {
      message:
        'The application may not sign in without a secret: its redirect address is that of a web site.',
      remedy: `${registration} > Authentication, remove http://localhost from "Web" and add it under "Mobile and desktop applications".`,
    },
  },
  7000222: {
    code: 'sign-in-refused',
    message: 'The secret of the application has expired.',
    remedy: `${registration} > Certificates & secrets > New client secret, and store its value.`,
  },
  7000229: {
    code: 'application-unknown',
    message: 'The tenant has no enterprise application for this application id.',
    remedy: `${registration} > API permissions, and click "Grant admin consent", which creates it.`,
  },
};
