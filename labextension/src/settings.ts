import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

type Schema = ISettingRegistry.ISchema;
type Property = ISettingRegistry.IProperty;

/**
 * Translate the titles and descriptions of settings, whose schema asks for a transformation: the server translates them
 * for language packs only, in the contexts that are used here.
 *
 * @param id - The plugin whose settings these are.
 */
export function translateSettings(
  registry: ISettingRegistry,
  trans: TranslationBundle,
  id: string
): void {
  // The catalogue has the texts of the schemas.
  /* eslint-disable jupyter/no-dynamic-translation */
  const texts = <T extends Property>(context: string, part: T): T => ({
    ...part,
    ...(part.title && { title: trans._p(context, part.title) }),
    ...(part.description && {
      description: trans._p(context, part.description)
    })
  });
  /* eslint-enable jupyter/no-dynamic-translation */
  const translate = (schema: Schema): Schema => ({
    ...texts('schema', schema),
    properties: Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, property]) => [
        name,
        texts('settings', property)
      ])
    )
  });
  registry.transform(id, {
    fetch: plugin => ({ ...plugin, schema: translate(plugin.schema) })
  });
}
