import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readControllerConfig } from '#controllers/config/controller-config.ts'
import { coreClient } from '#controllers/core-client.ts'
import { fetchManifest, type ManifestQuestion } from '#controllers/fleet/fetch-manifest.ts'
import { wrongUse } from '#controllers/loop/fleet-arguments.ts'
import { toldOf } from '#controllers/loop/told-of.ts'
import { customResourceDefinitions } from '#schema/custom-resources/definitions.ts'
import { imageProblem } from '#schema/deployment/image.ts'
import { CONTROLLER_IMAGE, controllerManifest } from '#schema/deployment/manifest/controller-manifest.ts'
import { rbacManifest } from '#schema/deployment/manifest/rbac-manifest.ts'
import { servedBy } from '#schema/deployment/manifest/served-by.ts'
import { yamlDocuments } from '#schema/deployment/manifest/yaml-documents.ts'
import { namespaceProblem } from '#schema/deployment/names.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'

export const summary = 'print what Kubernetes or Docker needs for an outpost by hand, or a cluster for a controller'

const HELP = `usage: martello manifests controller [--namespace NAME] [--cluster-wide] [--custom-resources]
                                     [--host URL [--image IMAGE]]
       martello manifests crds
       martello manifests outpost --name NAME [--kind kubernetes|compose] [--without-token]
                                  [--kubernetes-version VERSION]

controller   the ServiceAccount and the rights of a controller in a cluster: in one namespace, or in all. With --host,
             where pods reach the core, also a Deployment that runs one there (and another that waits for its turn). It
             takes the token of the core's user martello-controller from a Secret of that name:
             kubectl create secret generic martello-controller --namespace NAME --from-literal=token=…
             The core needs a Kubernetes service connection that is local. IMAGE is ${CONTROLLER_IMAGE}.
             --custom-resources adds the rights to bring custom resources into the core.
crds         the CustomResourceDefinitions by which outposts, applications and providers are kept in a cluster
outpost      everything that one outpost needs, with its token, for "kubectl apply -f -" or, with --kind compose,
             "docker compose -f - up -d"; reads the core that MARTELLO_HOST and MARTELLO_TOKEN name. A cluster older
             than 1.23 needs --kubernetes-version, such as 1.20: it does not know the newest versions of some kinds.
Exit codes: 0 printed, 1 the core does not have it, 2 wrong use.`

const KINDS = ['kubernetes', 'compose']
const options = {
  namespace: { type: 'string', default: 'default' },
  'cluster-wide': { type: 'boolean', default: false },
  'custom-resources': { type: 'boolean', default: false },
  host: { type: 'string' },
  image: { type: 'string', default: CONTROLLER_IMAGE },
  name: { type: 'string' },
  kind: { type: 'string', default: 'kubernetes' },
  'without-token': { type: 'boolean', default: false },
  'kubernetes-version': { type: 'string' },
  help: { type: 'boolean' },
} as const

export async function run(args: readonly string[]): Promise<number> {
  const parsed = wrongUse(() => parseArgs({ args: [...args], options, allowPositionals: true }), HELP)
  if (typeof parsed === 'number') return parsed
  const { values, positionals } = parsed
  const [what, ...more] = positionals
  if (values.help === true) {
    console.log(HELP)
    return 0
  }
  if (what === 'controller' && more.length === 0) return printController(values)
  if (what === 'crds' && more.length === 0) {
    process.stdout.write(yamlDocuments(customResourceDefinitions()))
    return 0
  }
  const { name, kind, 'kubernetes-version': kubernetesVersion } = values
  const isVersion = kubernetesVersion === undefined || servedBy(kubernetesVersion) !== undefined
  if (what === 'outpost' && more.length === 0 && name !== undefined && KINDS.includes(kind) && isVersion)
    return printOutpost({ name, kind, withToken: !values['without-token'], kubernetesVersion })
  console.error(HELP)
  return 2
}

interface ControllerValues {
  readonly namespace: string
  readonly 'cluster-wide': boolean
  readonly 'custom-resources': boolean
  readonly host?: string | undefined
  readonly image: string
}

function printController({ namespace, host, image, ...values }: ControllerValues): number {
  const url = URL.parse(host ?? '')
  const problem =
    namespaceProblem(namespace) ?? (host === undefined ? undefined : hostProblem(host)) ?? imageProblem(image)
  if (problem !== undefined) {
    console.error(`${problem}\n\n${HELP}`)
    return 2
  }
  const rights = { namespace, clusterWide: values['cluster-wide'], customResources: values['custom-resources'] }
  process.stdout.write(url === null ? rbacManifest(rights) : controllerManifest({ ...rights, host: url, image }))
  return 0
}

/** It stands in the manifest as it is, where many may read it. */
function hostProblem(host: string): string | undefined {
  const { protocol = '', username, password } = URL.parse(host) ?? {}
  if (!/^https?:$/.test(protocol)) return `"${host}" is not an http or https URL`
  return username === '' && password === '' ? undefined : '--host: a URL with credentials is not what pods may know'
}

async function printOutpost(question: ManifestQuestion): Promise<number> {
  try {
    const { host, token } = readControllerConfig(settingsFrom(process.env, readFileSync))
    const manifest = await fetchManifest({ core: coreClient(host, token), host, token }, question)
    if (manifest === undefined) console.error(`There is no outpost "${question.name}" that this token may see.`)
    else process.stdout.write(manifest)
    return manifest === undefined ? 1 : 0
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    for (const line of toldOf(error)) console.error(line)
    return 1
  }
}
