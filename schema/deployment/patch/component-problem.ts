import { nearest } from '#schema/kernel/nearest.ts'
import { COMPONENTS, type Component } from '../desired-object.ts'

const SHOWN = 64

export function isComponent(name: string): name is Component {
  return (COMPONENTS as readonly string[]).includes(name)
}

/** What to tell somebody who named a component that there is not, undefined when there is; case, plurals and kinds are understood. */
export function componentProblem(name: string): string | undefined {
  if (isComponent(name)) return undefined
  const shown = name.slice(0, SHOWN)
  const meant = meantBy(shown)
  const help = meant === undefined ? `, one of ${COMPONENTS.join(', ')}` : `, did you mean "${meant}"?`
  return `${JSON.stringify(shown)} is not a component${help}`
}

const letters = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '')
const SHORTEST = 4

function meantBy(name: string): Component | undefined {
  const written = letters(name)
  const singular = written.replace(/ies$/, 'y').replace(/s$/, '')
  return (
    COMPONENTS.find((component) => [written, singular].includes(letters(component))) ??
    COMPONENTS.find((component) => singular.length >= SHORTEST && letters(component).endsWith(singular)) ??
    (nearest(name.toLowerCase(), COMPONENTS) as Component | undefined)
  )
}
