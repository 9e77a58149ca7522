import { type ResolveFnOutput, registerHooks } from 'node:module'

/**
 * Loaded before anything that loads drizzle-orm. Its manifest has 180 KB of exports, and Node parses it again for every
 * module of the package and every import of it (Node 26: `getPackageScopeConfig`), half a second at each start. What is
 * relative inside of the package is a module of it, and a name leads to the same file wherever we import it.
 */
const known = new Map<string, ResolveFnOutput>()

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && context.parentURL?.includes('/node_modules/drizzle-orm/'))
      return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true }
    if (!specifier.startsWith('drizzle-orm')) return next(specifier, context)
    const found = known.get(specifier) ?? next(specifier, context)
    known.set(specifier, found)
    return { ...found, shortCircuit: true }
  },
})
