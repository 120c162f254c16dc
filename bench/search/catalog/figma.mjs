import { tool } from './define.mjs';

const file = { 'fileKey!': 'Key of the file, from its URL' };
const node = { ...file, 'nodeId!': 'Id of the node' };

export default [
  tool('getFile', 'Get the document tree of a Figma file.', { ...file, 'depth#': 'How deep' }),
  tool('getNode', 'Get one node of a Figma file with its layout, styles and text.', node),
  tool(
    'getDesignContext',
    'Get reference code and design context of a frame, to implement it in React, Vue or HTML.',
    { ...node, framework: 'Framework' },
  ),
  tool('getScreenshot', 'Get a screenshot of a frame or layer.', { ...node, 'scale#': 'From 1 to 4' }),
  tool('exportImages', 'Export layers as PNG, JPG, SVG or PDF.', {
    ...file,
    'nodeIds[]!': 'Layers',
    'format!': 'png, jpg, svg or pdf',
    'scale#': 'Scale',
  }),
  tool(
    'getVariableDefs',
    'Get variables (design tokens) used in a selection, such as colors, spacing and fonts.',
    node,
  ),
  tool('listStyles', 'List published styles of a file: colors, text and effects.', file),
  tool('listComponents', 'List components of a file or team library.', { fileKey: 'File', teamId: 'Team' }),
  tool('getComponent', 'Get a component with its variants and properties.', {
    'componentKey!': 'Key of the component',
  }),
  tool('listTeamProjects', 'List the projects of a team.', { 'teamId!': 'Team' }),
  tool('listProjectFiles', 'List the files of a project.', { 'projectId!': 'Project' }),
  tool('getFileVersions', 'Get the version history of a file.', file),
  tool('getComments', 'Get the comments on a file.', file),
  tool('postComment', 'Post a comment on a file, pinned to a place or a node.', {
    ...file,
    'message!': 'Text',
    nodeId: 'Node',
    'x#': 'Horizontal position',
    'y#': 'Vertical position',
  }),
  tool('deleteComment', 'Delete a comment.', { ...file, 'commentId!': 'Comment' }),
  tool('resolveComment', 'Mark a comment as resolved.', { ...file, 'commentId!': 'Comment' }),
  tool('createFrame', 'Create a frame on the canvas.', {
    name: 'Name',
    'width!#': 'Width',
    'height!#': 'Height',
    'x#': 'Horizontal position',
    'y#': 'Vertical position',
  }),
  tool('createText', 'Create a text layer.', {
    'characters!': 'Text',
    'fontSize#': 'Size',
    fontFamily: 'Font',
  }),
  tool('setFillColor', 'Set the fill color of a layer.', { ...node, 'color!': 'Hex color' }),
  tool('resizeNode', 'Resize a layer.', { ...node, 'width!#': 'Width', 'height!#': 'Height' }),
  tool('setTextContent', 'Set the text of a text layer.', { ...node, 'text!': 'New text' }),
  tool('cloneNode', 'Clone a layer, with an offset.', {
    ...node,
    'x#': 'Horizontal offset',
    'y#': 'Vertical offset',
  }),
  tool('getPrototypeFlows', 'Get prototype flows: which screen leads to which by which interaction.', file),
  tool('createDiagram', 'Create a flowchart, sequence diagram or mind map in FigJam from Mermaid syntax.', {
    'mermaid!': 'Mermaid source',
    title: 'Title',
  }),
  tool('getCodeConnectMap', 'Get which code component belongs to which design component.', file),
];
