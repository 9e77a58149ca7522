import { and } from 'drizzle-orm'
import { type Operation, operationPrefix, permissionFor, type Resource } from '#schema/api/resource.ts'
import { type Binding, type Effect, keyOf, propertyOf, type Row } from './binding.ts'
import { checkedValues } from './checks.ts'
import { narrowing, orderOf, pagination, pagingOf } from './list-query.ts'
import { findVisible, requireOn, requireSome, visibleRows } from './objects.ts'
import { askedOwnership } from './owned-objects.ts'
import {
  type Access,
  type Call,
  type Method,
  NO_CONTENT,
  ok,
  type Reply,
  type Route,
  type RouteDocument,
  requirePermission,
  SUPERUSER,
} from './route.ts'
import { countRows, selectRows } from './rows.ts'
import { usedBy } from './used-by.ts'
import { toWire } from './wire.ts'
import { create, destroy, update } from './write.ts'

/** Tells how to ask which outposts have applied what a write revoked. */
export const REVOCATION_HEADER = 'x-martello-revocation'

/** The routes of a resource: what its declaration allows, and its custom actions. */
export function resourceRoutes(binding: Binding): Route[] {
  const { resource, actions = [] } = binding
  return [...resource.operations.map((operation) => routeOf(binding, operation)), ...actions]
}

interface Shape {
  readonly method: Method
  readonly onItem: boolean
  readonly verb: 'view' | 'add' | 'change' | 'delete'
  readonly handle: (call: Call, binding: Binding) => Promise<Reply>
}

const SHAPES: Readonly<Record<Operation, Shape>> = {
  list: { method: 'GET', onItem: false, verb: 'view', handle: list },
  create: { method: 'POST', onItem: false, verb: 'add', handle: createOne },
  retrieve: { method: 'GET', onItem: true, verb: 'view', handle: retrieve },
  update: { method: 'PUT', onItem: true, verb: 'change', handle: (call, binding) => change(call, binding, false) },
  partial_update: {
    method: 'PATCH',
    onItem: true,
    verb: 'change',
    handle: (call, binding) => change(call, binding, true),
  },
  destroy: { method: 'DELETE', onItem: true, verb: 'delete', handle: remove },
  used_by: { method: 'GET', onItem: true, verb: 'view', handle: listUsedBy },
}

function routeOf(binding: Binding, operation: Operation): Route {
  const { resource } = binding
  const { method, onItem, verb, handle } = SHAPES[operation]
  const item = onItem ? `{${resource.key.parameter}}/` : ''
  const access: Access = binding.superusersOnly
    ? SUPERUSER
    : { kind: 'objects', permission: permissionFor(verb, resource.model) }
  return {
    method,
    path: `${resource.path}${item}${operation === 'used_by' ? 'used_by/' : ''}`,
    operationId: `${operationPrefix(resource)}_${operation === 'used_by' ? 'used_by_list' : operation}`,
    access,
    ...conditionalOf(binding, operation),
    document: documentOf(resource, operation),
    handle: (call) => handle(call, binding),
  }
}

/** How it is known that an answer has not changed: most depend on nothing but what the change feed records. */
function conditionalOf({ unrecorded, admit }: Binding, operation: Operation): Pick<Route, 'conditional'> {
  if (operation !== 'list' && operation !== 'retrieve') return {}
  return { conditional: unrecorded === true || admit !== undefined ? 'content' : 'recorded' }
}

function documentOf({ name, fields, filters, specialFilters }: Resource, operation: Operation): RouteDocument {
  const request = (partial: boolean) => ({
    name: partial ? `Patched${name}Request` : `${name}Request`,
    fields,
    partial,
  })
  switch (operation) {
    case 'list': {
      const own = Object.fromEntries(filters.map((filter) => [filter, 'text']))
      const paging = { ordering: 'text', page: 'integer', page_size: 'integer', search: 'text' }
      return { response: `list:${name}`, query: { ...own, ...specialFilters, ...paging } }
    }
    case 'create':
      return { response: name, request: request(false), status: 201 }
    case 'update':
    case 'partial_update':
      return { response: name, request: request(operation === 'partial_update') }
    case 'retrieve':
      return { response: name }
    case 'destroy':
      return { status: 204 }
    case 'used_by':
      return { response: 'array:UsedBy' }
    default:
      throw new TypeError(`no such operation: ${operation satisfies never}`)
  }
}

async function list(call: Call, binding: Binding): Promise<Reply> {
  const visible = binding.admit === undefined ? visibleRows(binding, call) : undefined
  const where = and(visible, ...narrowing(binding, call))
  const paging = pagingOf(call.query)
  const numbers = pagination(await countRows(call.ctx.db, binding, where), paging)
  const rows = await selectRows(call.ctx.db, binding, {
    where,
    order: orderOf(binding, call.query),
    limit: paging.size,
    offset: (numbers.current - 1) * paging.size,
  })
  const admitted = (await binding.admit?.(call, rows)) ?? rows
  return ok({ pagination: numbers, results: await toWire(call, binding, admitted), autocomplete: {} })
}

async function retrieve(call: Call, binding: Binding): Promise<Reply> {
  return one(call, binding, await findVisible(binding, call))
}

async function one(call: Call, binding: Binding, row: Row, status = 200, effect?: Effect): Promise<Reply> {
  const [body] = await toWire(call, binding, [row])
  return { status, body, headers: headersOf(effect) }
}

/** The headers that tell of a revocation; none when there was none. */
export function headersOf(effect: Effect): Record<string, string> {
  return effect?.revocation === undefined ? {} : { [REVOCATION_HEADER]: String(effect.revocation) }
}

async function createOne(call: Call, binding: Binding): Promise<Reply> {
  if (binding.owner === undefined) requirePermission(call, permissionFor('add', binding.resource.model))
  const values = await checkedValues(call, binding, await call.body(), { partial: false, own: undefined })
  const ownership = await askedOwnership(call)
  const prepared = (await binding.prepare?.(call, values, undefined)) ?? values
  const { row, effect } = await create(call, binding, prepared, ownership)
  return one(call, binding, row, 201, effect)
}

async function change(call: Call, binding: Binding, partial: boolean): Promise<Reply> {
  requireSome(binding, call, 'change')
  const before = await findVisible(binding, call)
  requireOn(binding, call, 'change', before)
  const own = before[propertyOf(keyOf(binding))]
  const values = await checkedValues(call, binding, await call.body(), { partial, own })
  const { row, effect } = await update(call, binding, (await binding.prepare?.(call, values, before)) ?? values)
  return one(call, binding, row, 200, effect)
}

async function remove(call: Call, binding: Binding): Promise<Reply> {
  requireSome(binding, call, 'delete')
  const row = await findVisible(binding, call)
  requireOn(binding, call, 'delete', row)
  return { ...NO_CONTENT, headers: headersOf(await destroy(call, binding)) }
}

async function listUsedBy(call: Call, binding: Binding): Promise<Reply> {
  return ok(await usedBy(call, binding, await findVisible(binding, call)))
}
