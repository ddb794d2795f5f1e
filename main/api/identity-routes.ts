import { z } from 'zod';
import { ipcActions, providerForm } from '../contract/ipc.ts';
import { name, nothing, order, route, secret, type Route } from './route.ts';

const username = z.string().min(1).max(200);
const code = z.string().min(1).max(100);
const optionalCode = z.strictObject({ code: code.optional() });
const oneCode = z.strictObject({ code });
const groups = z.array(z.string().min(1).max(100)).max(1000);
const localAccount = z.strictObject({ username, password: secret, displayName: username, groups });

/** Providers, the second factor, break-glass accounts, and what explains them. docs/API.md lists them with the others. */
export const identityRoutes: Record<string, Route> = {
  'POST /v1/sign-in/local': order(ipcActions.signInLocally.request, (broker, request) =>
    broker.signInLocally(request.username, request.password, request.code),
  ),

  'POST /v1/providers/save': order(providerForm, (broker, form) => broker.saveProvider(form)),
  'POST /v1/providers/remove': order(z.strictObject({ name }), (broker, request) =>
    broker.removeProvider(request.name),
  ),
  'POST /v1/providers/enable': order(z.strictObject({ name, enabled: z.boolean() }), (broker, request) =>
    broker.setProviderEnabled(request.name, request.enabled),
  ),
  'POST /v1/providers/secret': order(z.strictObject({ name, secret: secret.nullable() }), (broker, request) =>
    broker.setProviderSecret(request.name, request.secret ?? undefined),
  ),
  'POST /v1/providers/validate': route(z.strictObject({ name }), async (broker, request) => ({
    checks: await broker.validateProvider(request.name),
  })),

  'POST /v1/doctor': route(nothing, async (broker) => ({ checks: await broker.doctor() })),
  'POST /v1/explain': route(z.strictObject({ subject: z.string().min(1).max(400) }), (broker, { subject }) =>
    broker.explain(subject),
  ),

  'POST /v1/mfa/totp/enrol': route(optionalCode, (broker, request) =>
    broker.secondFactor.enrolTotp(request.code),
  ),
  'POST /v1/mfa/totp/confirm': route(oneCode, async (broker, request) => ({
    recoveryCodes: await broker.secondFactor.confirmTotp(request.code),
  })),
  'POST /v1/mfa/totp/remove': order(oneCode, (broker, request) =>
    broker.secondFactor.removeTotp(request.code),
  ),
  'POST /v1/mfa/reset': order(nothing, (broker) => broker.resetSecondFactor()),
  'POST /v1/mfa/push/enrol': route(optionalCode, (broker, request) =>
    broker.secondFactor.enrolPush(request.code),
  ),
  'POST /v1/mfa/push/confirm': order(nothing, (broker) => broker.secondFactor.confirmPush()),
  'POST /v1/mfa/push/remove': order(optionalCode, (broker, request) =>
    broker.secondFactor.removePush(request.code),
  ),
  'POST /v1/mfa/answer': order(z.strictObject({ id: name.optional(), code }), (broker, request) =>
    broker.secondFactor.desk.answer(request.code, request.id),
  ),
  'POST /v1/mfa/ask-phone': order(z.strictObject({ id: name.optional() }), (broker, request) =>
    broker.secondFactor.desk.askPhone(request.id),
  ),
  'POST /v1/mfa/deny': order(z.strictObject({ id: name.optional() }), async (broker, request) =>
    broker.secondFactor.desk.deny(request.id),
  ),

  'GET /v1/local-accounts': route(nothing, async (broker) => ({
    accounts: await broker.localAccounts.list(),
  })),
  'POST /v1/local-accounts/add': route(localAccount, (broker, request) => broker.localAccounts.add(request)),
  'POST /v1/local-accounts/enrol': route(z.strictObject({ username }), (broker, request) =>
    broker.localAccounts.enrol(request.username),
  ),
  'POST /v1/local-accounts/confirm': route(z.strictObject({ username, code }), async (broker, request) => ({
    recoveryCodes: await broker.localAccounts.confirm(request.username, request.code),
  })),
  'POST /v1/local-accounts/remove': order(z.strictObject({ username }), (broker, request) =>
    broker.localAccounts.remove(request.username),
  ),
  'POST /v1/local-accounts/password': order(
    z.strictObject({ username, password: secret }),
    (broker, request) => broker.localAccounts.setPassword(request.username, request.password),
  ),
  'POST /v1/local-accounts/groups': order(z.strictObject({ username, groups }), (broker, request) =>
    broker.localAccounts.setGroups(request.username, request.groups),
  ),
  'POST /v1/local-accounts/enable': order(
    z.strictObject({ username, enabled: z.boolean() }),
    (broker, request) => broker.localAccounts.setEnabled(request.username, request.enabled),
  ),
};
