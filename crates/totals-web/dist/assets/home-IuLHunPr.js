import{a as e,i as t,n,r,t as i}from"./status-BMC6aRyp.js";import{C as a,S as o,T as s,f as c,g as l,h as u,i as d,r as f,t as p,x as m}from"./define-ae1K8xSt.js";var h=class extends d{static properties={...d.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(f())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:t,words:n}=this,i=this.view?.value,o=i?e(n,i):``;return s`<article>
      <header>
        <h3><a href=${r(`/campaigns/${encodeURIComponent(t)}`)} dir="auto">${i?.title??t}</a></h3>
        ${o?s`<span class="when">${o}</span>`:a}
      </header>
      <campaign-total campaign=${t} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${t} brief></campaign-thermometer>
    </article>`}},g=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function _(e){let t=await fetch(e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:g);if(!t.ok)throw Error(`the list of campaigns: ${t.status}`);let n=l(await t.text()),r=u(n)&&u(n.data)?n.data:{},i=(Array.isArray(r.totals)?r.totals.map(c):[]).filter(e=>e!==void 0&&v(e));return typeof r.nextCursor==`string`?{campaigns:i,next:r.nextCursor}:{campaigns:i}}function v({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var y=3e3,b=6e4,{words:x,isWall:S}=t(),C=class extends o{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),S||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?y:b)}async#t(e){try{let t=await _(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return s`<section class="hero">
        <h1 class="eyebrow">${x.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${S}></platform-total>
      </section>
      ${S?a:s`<growth-history></growth-history>${this.#n()}`}
      <footer><live-status></live-status></footer>`}#n(){return s`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${x.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?s`<button class="more" @click=${()=>this.#t(this.next)}>${x.say(`more`)}</button>`:a}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?s`<p class="note">${x.say(`unavailable`)}</p>`:a:e.length===0?s`<p class="note">${x.say(`none`)}</p>`:s`<ul class="cards">
      ${m(e,({id:e})=>e,e=>s`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};p(),customElements.define(`campaign-card`,h),customElements.define(`growth-history`,n),customElements.define(`live-status`,i),customElements.define(`home-page`,C),document.title=x.say(`raisedTogether`);