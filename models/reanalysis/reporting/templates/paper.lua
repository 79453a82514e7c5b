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
  if div.classes:includes("explorer") or div.classes:includes("weights") or div.classes:includes("back") then return {} end
  if FORMAT ~= "typst" then
    return div.classes:includes("front") and div.content .. pandoc.Blocks({pandoc.Div({}, {"contents"})}) or nil
  end
  if div.classes:includes("front") then
    return pandoc.Blocks({raw("#front[")}) .. div.content .. {raw("]\n#contents")}
  end
  if div.classes:includes("limits") then
    return in_two_columns(div.content[1])
  end
end

-- pandoc's writer for Typst leaves alternative texts out.
local function quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end

function Image(image)
  local alt = image.attributes.alt or pandoc.utils.stringify(image.caption)
  if FORMAT ~= "typst" then
    image.caption = pandoc.Inlines(alt)
    return image
  end
  local width = image.attributes.width and ", width: " .. image.attributes.width or ""
  local call = "image(" .. quoted(image.src) .. ", alt: " .. quoted(alt) .. width .. ")"
  return pandoc.RawInline("typst", "#" .. (image.classes:includes("inline") and "box(" .. call .. ")" or call))
end

-- A formula is read as its source.
function Math(math)
  if FORMAT ~= "typst" then return nil end
  local written = pandoc.write(pandoc.Pandoc({pandoc.Plain({math})}), "typst"):gsub("%s+$", "")
  local block = math.mathtype == "DisplayMath" and "true" or "false"
  return pandoc.RawInline("typst", "#math.equation(block: " .. block .. ", alt: " .. quoted(math.text) .. ", " .. written .. ")")
end

-- The lines before a formula stay on its page.
local function is_formula(block)
  local first = block and block.t == "Para" and block.content[1]
  return first and first.t == "RawInline" and first.text:find("#math.equation(block: true", 1, true) == 1
end

function Blocks(blocks)
  if FORMAT ~= "typst" then return nil end
  local kept = pandoc.List()
  for i, block in ipairs(blocks) do
    if block.t == "Para" and not is_formula(block) and is_formula(blocks[i + 1]) then
      kept:extend({raw("#block(sticky: true)["), block, raw("]")})
    else
      kept:insert(block)
    end
  end
  return kept
end

-- Word would ask its readers to make a list of contents; this one is there.
function Pandoc(doc)
  if FORMAT ~= "docx" then return nil end
  return doc:walk({Div = function(div)
    if div.identifier ~= "contents" then return nil end
    return pandoc.Blocks({pandoc.Para({pandoc.Strong("Contents")})}) .. doc.meta.contents
  end})
end
