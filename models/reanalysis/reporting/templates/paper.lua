-- PDF and DOCX have nothing to operate. PDF: the first page is set small enough to hold the answer, the cohorts and their limits; the limits in two columns.
local function raw(text) return pandoc.RawBlock("typst", text) end

-- Typst fills one column before the next, so the items are shared out here, half of the text to each.
local function in_two_columns(list)
  local sizes, all = {}, 0
  for i, item in ipairs(list.content) do
    sizes[i] = #pandoc.utils.stringify(pandoc.Blocks(item)) + 40
    all = all + sizes[i]
  end
  local left, right, used = pandoc.List(), pandoc.List(), 0
  for i, item in ipairs(list.content) do
    if #left == 0 or used + sizes[i] / 2 <= all / 2 then left:insert(item) else right:insert(item) end
    used = used + sizes[i]
  end
  if #right == 0 then return list end
  return pandoc.Blocks({
    raw("#grid(columns: (1fr, 1fr), gutter: 14pt, [\n#set text(size: 0.9em)"), pandoc.BulletList(left),
    raw("], [\n#set text(size: 0.9em)"), pandoc.BulletList(right), raw("])"),
  })
end

function CodeBlock(code)
  if code.classes:includes("page-data") then return {} end
end

function Div(div)
  if div.classes:includes("explorer") then return {} end
  if FORMAT ~= "typst" then return nil end
  if div.classes:includes("front") then
    return pandoc.Blocks({raw("#front[")}) .. div.content .. {raw("]")}
  end
  if div.classes:includes("limits") then
    return in_two_columns(div.content[1])
  end
end
