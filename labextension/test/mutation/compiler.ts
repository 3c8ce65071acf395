/**
 * Asks the TypeScript compiler about a changed source.
 */
import path from 'node:path';
import ts from 'typescript';

const texts = new Map<string, { text: string; version: number }>();
let service: ts.LanguageService | undefined;

/** Whether the file does not compile with this text. */
export function isRefused(root: string, file: string, text: string): boolean {
  service ??= open(root);
  const before = texts.get(file);
  texts.set(file, { text, version: (before?.version ?? 0) + 1 });
  return (
    service.getSyntacticDiagnostics(file).length > 0 ||
    service.getSemanticDiagnostics(file).length > 0
  );
}

function open(root: string): ts.LanguageService {
  const read = ts.readConfigFile(path.join(root, 'tsconfig.json'), name =>
    ts.sys.readFile(name)
  );
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    read.config,
    ts.sys,
    root
  );
  return ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () =>
      fileNames.filter(name => name.includes('/src/stop/')),
    getScriptVersion: name => String(texts.get(name)?.version ?? 0),
    getScriptSnapshot: name => {
      const text = texts.get(name)?.text ?? ts.sys.readFile(name);
      return text === undefined
        ? undefined
        : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: name => ts.sys.fileExists(name),
    readFile: (name, encoding) => ts.sys.readFile(name, encoding),
    readDirectory: (...given) => ts.sys.readDirectory(...given),
    directoryExists: name => ts.sys.directoryExists(name),
    getDirectories: name => ts.sys.getDirectories(name)
  });
}
