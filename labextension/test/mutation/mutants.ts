/**
 * Small changes to a source, each of which a test should notice. Types, imports and comments are left alone.
 */
import ts from 'typescript';

/** A changed source. */
export interface IMutant {
  line: number;
  column: number;
  change: string;
  text: string;
}

/** What takes the place of a node; null if it goes. */
type Replacement = string | null;

const OPERATORS = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&']
]);

const EITHER = [
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken
];

/** Every mutant of a source. Each state's name in `names` is replaced by the next one. */
export function mutantsOf(text: string, names: readonly string[]): IMutant[] {
  const file = ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true);
  const found: IMutant[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isTypeNode(node) ||
      ts.isImportDeclaration(node) ||
      ts.isTypeAliasDeclaration(node)
    ) {
      return;
    }
    const start = node.getStart(file);
    const { line, character } = file.getLineAndCharacterOfPosition(start);
    for (const replacement of replacements(node, names)) {
      const other = replacement ?? '';
      found.push({
        line: line + 1,
        column: character,
        change: `${short(node.getText(file))}  ->  ${short(other) || 'nothing'}`,
        text: text.slice(0, start) + other + text.slice(node.getEnd())
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function replacements(node: ts.Node, names: readonly string[]): Replacement[] {
  if (ts.isBinaryExpression(node)) {
    return ofBinary(node);
  }
  if (ts.isPrefixUnaryExpression(node)) {
    return node.operator === ts.SyntaxKind.ExclamationToken
      ? [node.operand.getText()]
      : [];
  }
  if (ts.isConditionalExpression(node)) {
    const { condition, whenTrue, whenFalse } = node;
    return isChangedAlready(condition)
      ? []
      : [
          `(${condition.getText()}) ? ${whenFalse.getText()} : ${whenTrue.getText()}`
        ];
  }
  if (ts.isIfStatement(node)) {
    const { expression, thenStatement } = node;
    return [
      null,
      ...(isChangedAlready(expression)
        ? []
        : [`if (!(${expression.getText()})) ${thenStatement.getText()}`])
    ];
  }
  if (ts.isCaseClause(node) || ts.isExpressionStatement(node)) {
    return [null];
  }
  if (ts.isArrayLiteralExpression(node)) {
    return node.elements.length ? ['[]'] : [];
  }
  return ofLiteral(node, names);
}

function ofBinary(node: ts.BinaryExpression): Replacement[] {
  const { left, right, operatorToken } = node;
  const other = OPERATORS.get(operatorToken.kind);
  return [
    ...(other ? [`(${left.getText()} ${other} ${right.getText()})`] : []),
    ...(EITHER.includes(operatorToken.kind)
      ? [left.getText(), right.getText()]
      : [])
  ];
}

/** Whether a comparison, or a negation, is turned round by itself. */
function isChangedAlready(node: ts.Expression): boolean {
  return ts.isPrefixUnaryExpression(node) || ts.isBinaryExpression(node);
}

function ofLiteral(node: ts.Node, names: readonly string[]): Replacement[] {
  switch (node.kind) {
    case ts.SyntaxKind.TrueKeyword:
      return ['false'];
    case ts.SyntaxKind.FalseKeyword:
      return ['true'];
  }
  if (ts.isNumericLiteral(node)) {
    return [String(Number(node.text) + 1)];
  }
  if (ts.isStringLiteral(node)) {
    const index = names.indexOf(node.text);
    const other =
      index < 0 ? `${node.text}XX` : names[(index + 1) % names.length];
    return [`'${other}'`];
  }
  return [];
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}
