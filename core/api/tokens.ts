import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { tokens } from '#core/store/tables/users.ts'
import { keyColumns, randomKey, revealKey, type TokenRecord } from '#core/store/tokens.ts'
import { tokenKeyFields, tokenResource } from '#schema/api/tokens.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { actionBody } from './checks.ts'
import { nested } from './nested.ts'
import { findVisible } from './objects.ts'
import { admitToSecret } from './reveal.ts'
import { type Call, isSuperuser, NO_CONTENT, ok, type Reply, type Route, requirePermissionOn, userOf } from './route.ts'
import { note } from './write.ts'

const HALF_HOUR_MS = 1_800_000

/** Tokens: people see and change their own; whose one is, only superusers say. */
export const tokenBinding: Binding<TokenRecord> = {
  resource: tokenResource,
  tables: [tokens],
  columns: { user: 'userId' },
  owner: tokens.userId,
  prepare,
  represent,
  actions: [keyRoute('GET', 'view_key', viewKey), keyRoute('POST', 'set_key', setKey)],
}

/** Everybody makes tokens for themselves; a superuser may name another owner. */
async function prepare(call: Call, values: JsonObject, before: TokenRecord | undefined): Promise<JsonObject> {
  const { principal } = userOf(call)
  const { intent } = values
  if (intent !== undefined && intent !== 'api' && intent !== 'app_password' && intent !== before?.intent)
    throw new ValidationFailedError({ intent: [`Invalid intent ${String(intent)}`] })
  const mayChoose = isSuperuser(call)
  const forced: JsonObject = mayChoose ? {} : { user: before?.userId ?? principal.user.id }
  if (before !== undefined) return { ...values, ...forced }
  if (!mayChoose) forced['expiring'] = principal.attributes['goauthentik.io/user/token-expires'] !== false
  const tokenUuid = randomUUID()
  return {
    intent: 'api',
    user: principal.user.id,
    expires: new Date(call.ctx.clock.now() + HALF_HOUR_MS),
    ...values,
    ...forced,
    tokenUuid,
    ...keyColumns(call.ctx, tokenUuid, randomKey(call.ctx.config.defaultTokenLength)),
  }
}

async function represent(call: Call, rows: readonly TokenRecord[], db: Database): Promise<readonly JsonObject[]> {
  const owners = await nested(
    call,
    db,
    'authentik_core.user',
    rows.map(({ userId }) => userId),
  )
  return rows.map(({ userId }) => ({ user_obj: owners.get(userId) }))
}

function keyRoute(method: 'GET' | 'POST', name: string, handle: (call: Call) => Promise<Reply>): Route {
  const set = method === 'POST'
  return {
    method,
    path: `core/tokens/{identifier}/${name}/`,
    operationId: `core_tokens_${name}_${set ? 'create' : 'retrieve'}`,
    access: { kind: 'objects', permission: `authentik_core.${set ? 'set' : 'view'}_token_key` },
    document: set
      ? { request: { name: 'TokenSetKeyRequest', fields: tokenKeyFields }, status: 204 }
      : { response: 'TokenView' },
    handle,
  }
}

const findToken = async (call: Call) =>
  (await findVisible(call.registry.of('authentik_core.token')!, call)) as unknown as TokenRecord

async function viewKey(call: Call): Promise<Reply> {
  const token = await findToken(call)
  await admitToSecret(call, {
    permission: 'authentik_core.view_token_key',
    pk: token.tokenUuid,
    app: 'authentik.core',
    context: { identifier: token.identifier, type: 'api_key' },
  })
  return ok({ key: revealKey(call.ctx, token) })
}

async function setKey(call: Call): Promise<Reply> {
  const { ctx } = call
  const token = await findToken(call)
  requirePermissionOn(call, 'authentik_core.set_token_key', token.tokenUuid)
  const { key } = await actionBody(call, tokenKeyFields)
  await ctx.db.transaction(async (tx) => {
    await tx
      .update(tokens)
      .set(keyColumns(ctx, token.tokenUuid, String(key)))
      .where(eq(tokens.tokenUuid, token.tokenUuid))
    await note(call, tx, call.registry.of('authentik_core.token')!, token, 'updated', ['key'])
  })
  return NO_CONTENT
}
