/** @long One table: the numbers of Entra ID, and what a person can do about each. */
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
const confirm = 'Sign in again and confirm with the second factor.';
const newCode = 'Start the sign-in again to get a new code.';
const later = 'Try again in some minutes; nothing has to be changed here.';
const fit = 'Check that "cloud" and "resource" of the provider fit the tenant.';
const managedBrowser = `Sign in on a managed computer, in a browser that tells the tenant about it (Edge, or one with the Microsoft single sign-on extension), or ask an administrator to look at ${conditionalAccess}.`;
const managedDevice = `Sign in through the browser on a managed device, or ask an administrator to look at ${conditionalAccess}.`;
const seePolicy = `An administrator sees the policy under ${signInLogs} > the sign-in > Conditional Access, and changes it under ${conditionalAccess}.`;

/** What has happened, and what to do; then the same for a sign-in through the browser, where that is another. */
type Sentences = [message: string, remedy: string, inBrowser?: string, remedyInBrowser?: string];

const notEnrolled: Sentences = [
  'The account has to be enrolled in multifactor authentication first.',
  'Sign in again and follow the enrolment in the browser.',
];
const secondFactor: Sentences = ['The tenant asks for multifactor authentication.', confirm];
const passwordChanged: Sentences = [
  'The sign-in is no longer valid, because the password has expired or was changed.',
  again,
];
const tooOld: Sentences = ['The sign-in is older than the tenant allows (sign-in frequency).', again];
const notNow: Sentences = ['Entra ID could not answer just now.', later];

const byCode: Partial<Record<ErrorCode, Record<number, Sentences>>> = {
  'sign-in-required': {
    16000: [
      'Entra ID cannot tell which of several accounts is meant.',
      'Sign in again and pick the account on the page.',
    ],
    50072: notEnrolled,
    50074: secondFactor,
    50076: secondFactor,
    50078: [
      'The second factor of this sign-in is older than the tenant allows for what was asked for.',
      confirm,
    ],
    50079: notEnrolled,
    50132: passwordChanged,
    50133: passwordChanged,
    50158: [
      'Another service has to confirm the sign-in first.',
      'Sign in again and follow the steps in the browser.',
    ],
    50173: ['The sign-in was revoked, for example because the password changed.', again],
    53010: [
      'The second factor has to be set up first, from a place or a device that the organisation trusts.',
      'Set it up at https://aka.ms/mysecurityinfo from such a place, then sign in again.',
    ],
    70008: ['The sign-in has expired.', again],
    70016: [
      'The code has not been used yet.',
      'Enter the code on the page shown and finish the sign-in there.',
    ],
    70043: tooOld,
    70044: tooOld,
    500121: ['The second factor was not confirmed.', confirm],
    700081: ['The sign-in has reached its greatest age.', again],
    700082: ['The sign-in expired because it was not used for a long time.', again],
  },
  'sign-in-refused': {
    50011: [
      'The registration of the application does not have the redirect address of the browser sign-in.',
      `${registration} > Authentication > Add a platform > Mobile and desktop applications, and add http://localhost.`,
    ],
    50053: [
      'The account is locked because of too many wrong tries.',
      'Wait some minutes and sign in again, or ask an administrator to reset the password.',
    ],
    50055: [
      'The password of the account has expired.',
      'Change the password in the browser and sign in again.',
    ],
    50105: [
      'The account is not assigned to the application.',
      `${enterprise} > Users and groups > Add user/group, and add the person or a group of theirs.`,
    ],
    50126: ['The user name or the password was wrong.', 'Sign in again with the right ones.'],
    53009: [
      'Conditional Access asks for an application under the protection of Intune, which Latchkey is not.',
      seePolicy,
    ],
    53011: [
      'The account is blocked because of a risk that its home tenant has seen.',
      'Ask an administrator of the tenant that the account comes from (Entra ID > Protection > Risky users).',
    ],
    65001: [
      'Nobody has consented to the permissions that the application asks for.',
      `${registration} > API permissions, add User.Read and GroupMember.Read.All (Microsoft Graph, delegated), then click "Grant admin consent".`,
    ],
    70011: ['The authority does not know a permission that was asked for.', fit],
    90094: [
      'The permissions that the application asks for need the consent of an administrator.',
      `${registration} > API permissions, and click "Grant admin consent".`,
    ],
    500011: ['The resource that the token is for does not exist in the tenant.', fit],
    501481: [
      'The answer that came from the browser does not belong to this sign-in.',
      'Start the sign-in again, and use only the page that Latchkey opens.',
    ],
    530084: [
      'Conditional Access asks for tokens that are bound to the device, which only the sign-in of the system itself has.',
      seePolicy,
    ],
    700023: [
      'The proof of the application is made for another authority.',
      'Check "authority" and "cloud" of the provider.',
    ],
    700024: [
      'The proof of the application is too old, or not good yet: mostly the clock of this computer is wrong.',
      'Turn on automatic time (NTP), then try again.',
    ],
    700027: [
      'The tenant does not have the certificate with which the application signs in, or it has expired.',
      `${registration} > Certificates & secrets > Certificates > Upload certificate; its thumbprint has to be that of the one that Latchkey keeps.`,
    ],
    7000112: [
      'The application is disabled in the tenant.',
      `${enterprise} > Properties, and set "Enabled for users to sign-in?" to Yes.`,
    ],
    7000215: [
      'The secret of the application is wrong.',
      `${registration} > Certificates & secrets > New client secret, and store its value (not its id).`,
    ],
    7000218: [
      'The application may not sign in without a secret: public client flows are off.',
      `${registration} > Authentication > Settings (or Advanced settings), and set "Allow public client flows" to Yes.`,
      'The application may not sign in without a secret: its redirect address is that of a web site.',
      `${registration} > Authentication, remove http://localhost from "Web" and add it under "Mobile and desktop applications".`,
    ],
    7000222: [
      'The secret of the application has expired.',
      `${registration} > Certificates & secrets > New client secret, and store its value.`,
    ],
  },
  'wrong-tenant': {
    50020: [
      'The account belongs to another tenant and is no guest of this one.',
      'Sign in with an account of this tenant, or ask an administrator to invite this one (Entra ID > Users > New user > Invite external user).',
    ],
  },
  'account-disabled': {
    50034: [
      'The account does not exist in this tenant.',
      'Check the account name; an administrator finds it under Entra ID > Users.',
    ],
    50057: [
      'The account is disabled.',
      'Ask an administrator to enable it: Entra ID > Users > the account > Edit properties > Settings > Account enabled.',
    ],
    500341: [
      'The account has been deleted from the tenant.',
      'Sign in with another account, or ask an administrator under Entra ID > Users > Deleted users.',
    ],
  },
  'sign-in-blocked': {
    50097: [
      'The tenant asks the device to identify itself, which a device code cannot do.',
      managedDevice,
      'The tenant asks the device to identify itself, and this browser did not do it.',
      managedBrowser,
    ],
    50129: [
      'Conditional Access asks for a registered device, and a device code cannot prove one.',
      managedDevice,
      'Conditional Access asks for a device that is registered in the tenant.',
      managedBrowser,
    ],
    50131: [
      'Conditional Access refuses this request: because of the device, the place, or something suspicious.',
      managedDevice,
      'Conditional Access refuses this request: because of the device, the place, or something suspicious.',
      seePolicy,
    ],
    53000: [
      'Conditional Access asks for a compliant device, and a device code cannot prove one.',
      managedDevice,
      'Conditional Access asks for a compliant device, and this one is not, or the browser hides it.',
      managedBrowser,
    ],
    53001: [
      'Conditional Access asks for a device that has joined the organisation.',
      managedDevice,
      'Conditional Access asks for a device that has joined the organisation.',
      managedBrowser,
    ],
    53003: [
      'A Conditional Access policy blocks this sign-in; often it forbids device codes as such.',
      `Sign in through the browser instead. ${seePolicy.replace(/\.$/, '')} (condition "Authentication flows").`,
      'A Conditional Access policy blocks this sign-in.',
      seePolicy,
    ],
    530003: [
      'Conditional Access asks for a managed device, and a device code cannot prove one.',
      managedDevice,
      'Conditional Access asks for a managed device.',
      managedBrowser,
    ],
    530032: [
      'A security policy of the tenant blocks this sign-in.',
      `Sign in through the browser instead. ${seePolicy}`,
      'A security policy of the tenant blocks this sign-in.',
      seePolicy,
    ],
    530033: [
      'A Conditional Access policy about devices blocks sign-in by device code.',
      managedDevice,
      'A Conditional Access policy about devices blocks this sign-in.',
      managedBrowser,
    ],
    530035: [
      'The security defaults of the tenant block this sign-in.',
      'Sign in through the browser instead, or ask an administrator (Entra ID > Overview > Properties).',
      'The security defaults of the tenant block this sign-in.',
      'Ask an administrator to look at Entra ID > Overview > Properties > Manage security defaults.',
    ],
    530036: [
      'A Conditional Access policy does not allow sign-in by device code.',
      `Sign in through the browser instead, or ask an administrator to look at ${conditionalAccess} (condition "Authentication flows").`,
      'A Conditional Access policy does not allow this way to sign in.',
      seePolicy,
    ],
  },
  'authority-invalid': {
    50194: [
      'The application belongs to one tenant, but the authority names a shared endpoint.',
      'Put the id or domain of the tenant into "authority" instead of common or organizations.',
    ],
  },
  'authority-unreachable': {
    50196: [
      'Entra ID has been asked for the same too often in a short time.',
      'Wait some minutes; Latchkey tries again by itself, and nothing has to be changed here.',
    ],
    90024: notNow,
    90033: notNow,
  },
  'code-expired': {
    54005: ['The code has already been used.', newCode],
    70018: ['The authority does not know the code (any more).', newCode],
    70020: ['The code has expired.', 'Start the sign-in again and enter the new code within its time.'],
  },
  'sign-in-declined': {
    65004: [
      'The sign-in was declined on the page.',
      'Start the sign-in again and accept it, if it was you who started it.',
    ],
  },
  'tenant-unknown': {
    90002: [
      'There is no such tenant in this cloud.',
      'Check the tenant in "authority" and the "cloud" of the provider; Entra ID > Overview in the Entra admin center shows the tenant id.',
    ],
    900023: [
      'The tenant in the authority is neither an id nor a domain.',
      'Check the tenant in "authority"; Entra ID > Overview in the Entra admin center shows its id.',
    ],
  },
  'application-unknown': {
    700016: [
      'The tenant has no application with this id.',
      `Compare "applicationId" with the portal: ${registration} > Overview > Application (client) ID; check the tenant as well.`,
    ],
    7000229: [
      'The tenant has no enterprise application for this application id.',
      `${registration} > API permissions, and click "Grant admin consent", which creates it.`,
    ],
  },
};

/**
 * By AADSTS number (learn.microsoft.com/entra/identity-platform/reference-error-codes). Where the remedy is the
 * administrator's it says what to click. Texts of the server are not shown: they name people, and change.
 */
export const entraGuidance: Readonly<Record<number, Guidance>> = Object.fromEntries(
  Object.entries(byCode).flatMap(([code, numbers]) =>
    Object.entries(numbers).map(([number, sentences]) => [number, guidanceOf(code as ErrorCode, sentences)]),
  ),
);

function guidanceOf(
  code: ErrorCode,
  [message, remedy, inBrowser = message, remedyInBrowser]: Sentences,
): Guidance {
  if (remedyInBrowser === undefined) return { code, message, remedy };
  return { code, message, remedy, browser: { message: inBrowser, remedy: remedyInBrowser } };
}
