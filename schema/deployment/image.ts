import type { DeployableOutpost, DeploymentContext, OutpostType } from './outpost.ts'
import { fillTemplate } from './template.ts'

type Imaged = Pick<DeployableOutpost, 'type'> & {
  readonly settings: Pick<DeployableOutpost['settings'], 'container_image'>
}

const WORD = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
/** Told from a folder by its dot or port, as the runtimes do. */
const HOST = '(?:(?:[a-zA-Z0-9-]+\\.)+[a-zA-Z0-9-]+(?::[0-9]{1,5})?|[a-zA-Z0-9-]+:[0-9]{1,5}|localhost)/'
const TAG = ':[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}'
const DIGEST = '@[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}'
const DIGEST_SHOWN = 12
/** As the container runtimes read a reference: host, path, tag, digest. */
const REFERENCE = new RegExp(`^(?:${HOST})?(${WORD}(?:/${WORD})*)(${TAG})?(${DIGEST})?$`)

/** The image that an outpost asks for: its own, else that of the core's template. */
export function imageOf(outpost: Imaged, { version, imageTemplate }: DeploymentContext): string {
  const own = ownImage(outpost)
  if (own !== '') return own
  const filled = fillTemplate(imageTemplate, { type: outpost.type, version, build_hash: '' })
  // A template that cannot be filled is no image, and is refused under its own name.
  return filled.kind === 'filled' ? filled.text : imageTemplate
}

/** Whether the outpost has an image of its own, which no release of the core changes. */
export function isPinned(outpost: Pick<Imaged, 'settings'>): boolean {
  return ownImage(outpost) !== ''
}

const ownImage = ({ settings }: Pick<Imaged, 'settings'>) => settings.container_image?.trim() ?? ''

/** What is wrong with an image, for the person who wrote it. */
export function imageProblem(image: string): string | undefined {
  return REFERENCE.test(image) ? undefined : `"${image}" is not an image such as ghcr.io/martello/outpost:1.0.0`
}

/**
 * Whether the container needs its type as an argument. compat: authentik has an image per type, which fails with any
 * argument that it does not know; a repository of `goauthentik`, or one named for the type, is taken for such an image.
 */
export function needsTypeArgument(image: string, type: OutpostType): boolean {
  const steps = REFERENCE.exec(image)?.[1]?.split('/') ?? []
  const last = steps.at(-1)
  return !steps.includes('goauthentik') && last !== type && !last?.endsWith(`-${type}`)
}

/** The release that an image names: its tag, else the beginning of its digest. */
export function imageVersion(image: string): string {
  const [, , tag, digest] = REFERENCE.exec(image) ?? []
  if (tag !== undefined) return tag.slice(1)
  return digest === undefined ? 'latest' : digest.slice(digest.indexOf(':') + 1).slice(0, DIGEST_SHOWN)
}
