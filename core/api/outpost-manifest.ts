import { eq } from 'drizzle-orm'
import { NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import { type OutpostRecord, tokenIdentifier } from '#core/store/outpost-accounts.ts'
import { outpostProviders } from '#core/store/tables/outposts.ts'
import { tokens } from '#core/store/tables/users.ts'
import { revealKey } from '#core/store/tokens.ts'
import { outpostResource } from '#schema/api/outposts.ts'
import { permissionFor } from '#schema/api/resource.ts'
import { desiredContainer } from '#schema/deployment/docker/desired-container.ts'
import { imageOf } from '#schema/deployment/image.ts'
import { desiredObjects } from '#schema/deployment/kubernetes/desired-objects.ts'
import { composeManifest } from '#schema/deployment/manifest/compose-manifest.ts'
import { kubernetesManifest } from '#schema/deployment/manifest/kubernetes-manifest.ts'
import { servedBy } from '#schema/deployment/manifest/served-by.ts'
import type { DeployableOutpost, DeploymentContext, DeploymentSecrets } from '#schema/deployment/outpost.ts'
import { type PatchedObject, patchObjects } from '#schema/deployment/patch/patch-objects.ts'
import { patchesProblem } from '#schema/deployment/patch/patches-problem.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { deploymentContext } from './controller-config.ts'
import { deployableOutpost } from './deployable-outpost.ts'
import { originOf } from './oauth2-provider-actions.ts'
import { findVisible } from './objects.ts'
import { admitToSecret } from './reveal.ts'
import { type Call, type Reply, type Route, requirePermissionOn } from './route.ts'

const VIEW_KEY = 'authentik_core.view_token_key'
const WITHOUT = /^(?:false|0|no)$/i
const WITH = /^(?:true|1|yes)$/i

/** What it takes to make an outpost by hand: for those who may see the outpost and, as it is in it, the outpost's key. */
export const outpostManifestRoute: Route = {
  method: 'GET',
  path: `${outpostResource.path}{uuid}/manifest/`,
  operationId: 'outposts_instances_manifest_retrieve',
  access: { kind: 'objects', permission: permissionFor('view', outpostResource.model) },
  media: ['application/yaml'],
  document: { query: { kind: 'text', secrets: 'boolean', optional: 'boolean', kubernetes_version: 'text' } },
  async handle(call) {
    const outpost = (await findVisible(call.registry.of(outpostResource.model)!, call)) as unknown as OutpostRecord
    const isPublic = WITHOUT.test(call.query.get('secrets') ?? '')
    const token = isPublic ? placeholderFor(outpost) : await admitToKey(call, outpost)
    const make = MAKERS[call.query.get('kind') ?? '']
    if (make === undefined)
      throw new ValidationFailedError({ kind: [`Choose one of ${Object.keys(MAKERS).join(', ')}.`] })
    const manifest = make(await deploymentOf(call, outpost), { token, isPublic }, call)
    return { status: 200, text: { type: 'application/yaml', content: manifest } } satisfies Reply
  },
}

interface ManifestSecrets extends DeploymentSecrets {
  /** The token is none: it says where to get it. */
  readonly isPublic: boolean
}
type Maker = (outpost: DeployableOutpost, secrets: ManifestSecrets, call: Call) => string

const MAKERS: Readonly<Record<string, Maker>> = Object.assign(Object.create(null), {
  kubernetes: kubernetesOf,
  compose: composeOf,
})

/**
 * Kinds that a cluster may not know are left out unless they are asked for (`optional`): kubectl fails with them, as it does
 * with versions of kinds that are newer than the cluster (`kubernetes_version`, else the newest).
 */
function kubernetesOf(outpost: DeployableOutpost, secrets: ManifestSecrets, call: Call): string {
  const context: DeploymentContext = { ...deploymentContext(call), serves: servedByCluster(call) }
  const problem = patchesProblem(outpost, context)
  if (problem !== undefined) throw new ValidationFailedError({ config: [problem] })
  const desired = desiredObjects(outpost, context, secrets)
  const { objects } = patchObjects(desired, outpost.settings.kubernetes_json_patches)
  return kubernetesManifest(secrets.isPublic ? objects.map((each) => readable(each, secrets.token)) : objects, () =>
    WITH.test(call.query.get('optional') ?? ''),
  )
}

function servedByCluster(call: Call): DeploymentContext['serves'] {
  const version = call.query.get('kubernetes_version') ?? ''
  if (version === '') return undefined
  const serves = servedBy(version)
  if (serves === undefined) throw new ValidationFailedError({ kubernetes_version: ['It should be as in 1.27.'] })
  return serves
}

function composeOf(outpost: DeployableOutpost, secrets: ManifestSecrets, call: Call): string {
  return composeManifest(desiredContainer(outpost, imageOf(outpost, deploymentContext(call)), secrets))
}

async function deploymentOf(call: Call, outpost: OutpostRecord): Promise<DeployableOutpost> {
  const { db } = call.ctx
  const rows = await db.select().from(outpostProviders).where(eq(outpostProviders.outpostUuid, outpost.uuid))
  const keys = rows.map(({ providerId }) => providerId)
  const deployable = await deployableOutpost(db, outpost, keys)
  if (deployable === undefined) throw new ValidationFailedError({ config: ['The config cannot be understood.'] })
  const { settings } = deployable
  const authentik_host = settings.authentik_host === '' ? originOf(call).href : settings.authentik_host
  return { ...deployable, settings: { ...settings, authentik_host } }
}

/** The key, for somebody who may see it; who looked is kept. */
async function admitToKey(call: Call, outpost: OutpostRecord): Promise<string> {
  const { ctx } = call
  const identifier = tokenIdentifier(outpost.uuid)
  const managed = `goauthentik.io/outpost/${identifier}`
  const [token] = await ctx.db.select().from(tokens).where(eq(tokens.managed, managed))
  requirePermissionOn(call, VIEW_KEY, token?.tokenUuid ?? '')
  if (token === undefined) throw new NotFoundError()
  await admitToSecret(call, {
    permission: VIEW_KEY,
    pk: token.tokenUuid,
    app: 'authentik.core',
    context: { identifier, type: 'api_key' },
  })
  return revealKey(ctx, token)
}

/** Stands where the key would, and says how to get it. */
function placeholderFor({ uuid }: OutpostRecord): string {
  const identifier = tokenIdentifier(uuid)
  return `<the key of the token ${identifier}, from GET /api/v3/core/tokens/${identifier}/view_key/>`
}

/** A placeholder is shown as it is, not in base64. */
function readable(desired: PatchedObject, token: string): PatchedObject {
  const { data, ...object } = desired.object
  if (desired.component !== 'secret' || !isJsonObject(data) || data['token'] === undefined) return desired
  const { token: _, ...rest } = data
  return { ...desired, object: { ...object, data: rest, stringData: { token } } as PatchedObject['object'] }
}
