import type { MethodInfo } from '../contract/model';
import { methodPage } from '../methods/page';
import { findMethod, methodInfos } from '../methods/registry';

const width = (methods: readonly MethodInfo[]): number => Math.max(...methods.map(({ id }) => id.length)) + 1;

const formatMethods = (methods: readonly MethodInfo[]): string => {
  const indent = width(methods);
  const lines = methods.map(
    ({ id, summary, source }) => `${id.padEnd(indent)}${summary}\n${' '.repeat(indent)}${source}`,
  );
  return [...lines, '', 'What one needs, costs and decides: retort methods ID'].join('\n');
};

/** All methods, or the page of one. Throws `Failed` (recipeInvalid) for a method that there is not. */
export const describeMethods = (id: string | undefined) => {
  const methods = methodInfos();
  if (id === undefined) return { value: { methods }, text: formatMethods(methods) };
  const found = findMethod(id);
  const method = methods.find((info) => info.id === found.id) as MethodInfo;
  return { value: { method }, text: methodPage(method) };
};
